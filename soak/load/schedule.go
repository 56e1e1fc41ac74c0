package load

import (
	"math"
	"time"
)

// schedule says when operations are due at a constant rate.
type schedule struct {
	rate  float64 // operations per second; none at 0 or below
	phase float64 // in [0, 1]: share of the period before the first operation
}

// due is when operation n, from 0, is due after the start: (n + phase) / rate
// seconds, exact to a nanosecond for 100 days. ok is false where there is no
// operation n and none after it. The time does not fall as n rises.
func (s schedule) due(n uint64) (at time.Duration, ok bool) {
	seconds := (float64(n) + s.phase) / s.rate * float64(time.Second)
	if !(s.rate > 0) || seconds >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(seconds), true
}
