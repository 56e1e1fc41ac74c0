//go:build race

package store

// The race detector makes the writer some ten times slower.
const virtualDay = 8 * 3600
