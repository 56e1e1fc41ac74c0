// Package soak holds the words that the rest of the module speaks: metrics,
// samples, series, plans, loads, verdicts, alerts, runs. It holds types only:
// no input or output, no goroutines, no behaviour beyond naming a value, so
// every package can import it and no import cycle can arise.
//
// Units are SI base units throughout: seconds, bytes, operations; growth is
// per hour. Time on a run's line is a [time.Duration] since the run's start on
// the monotonic clock; wall time is kept beside it and never used for slopes.
// NaN means "not measured", never zero. In JSON, NaN and infinities are null.
package soak
