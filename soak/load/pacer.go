package load

import (
	"math"
	"time"
)

// Pacer is a plan of operations in time: operation n, from 0, is due at a time
// since the start. ok is false where there is no operation n and none after it.
// Due is pure and does not fall as n rises.
type Pacer interface {
	Due(n uint64) (at time.Duration, ok bool)
}

// Constant is a constant rate.
type Constant struct {
	Rate  float64 // operations per second; none at 0 or below
	Phase float64 // in [0, 1]: share of the period until the first operation
}

// Due is (n + Phase) / Rate seconds, exact to a nanosecond for 100 days.
func (c Constant) Due(n uint64) (time.Duration, bool) {
	at := (float64(n) + c.Phase) / c.Rate * float64(time.Second)
	if !(c.Rate > 0) || at >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(at), true
}
