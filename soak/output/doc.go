// Package output writes the series of a run in formats that other programs read:
// CSV and OpenMetrics. It streams: of a run of any length it holds a piece of the
// rows, or one series, and never the text. Both formats carry raw samples with
// wall times; what a run holds besides (profiles, events, alerts) stays in its
// file.
package output
