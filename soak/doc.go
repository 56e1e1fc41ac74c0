// Package soak defines the vocabulary of the module: metrics, samples, series,
// plans, loads, verdicts, alerts, runs, and the typed constants of phases, ends,
// driver states and orders. It holds types only: no input or output, no
// goroutines, and no behavior beyond naming and encoding a value. Every package
// can import it, and no import cycle can arise.
//
// Units are SI base units throughout: seconds, bytes, operations. Growth is per
// hour. Shares are fractions: 0.05 is 5 %. A time on a run's time line is a
// [time.Duration] since the run's start on the monotonic clock; wall time is
// stored in addition, and never used for slopes. NaN means "not measured", never
// zero. In JSON, NaN and infinities are null; see [Float].
package soak
