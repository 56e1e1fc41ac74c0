// Package output writes the series of a run in formats that other programs read:
// CSV and OpenMetrics. It streams: whatever the length of the run, it holds some
// rows or one series in memory, never the whole text. Both formats contain raw
// samples with wall times. Profiles, events and alerts are not exported.
package output
