//go:build !race

package store

const virtualDay = day
