package detect

import (
	"math"
	"time"
)

const (
	earlyLook  = 10 * time.Second // between two looks at first
	earlyUntil = 10 * time.Minute // and until then
	lookGrowth = 1.05             // afterwards a look is due whenever the run is 5 % longer
	earlyLooks = int(earlyUntil / earlyLook)
)

// Looks returns how many looks a monitor has made by run length d: one every
// 10 s in the first 10 min, then one whenever the run is 5 % longer. It is at
// least 1.
func Looks(d time.Duration) int {
	if d <= earlyUntil {
		return max(1, int(d/earlyLook))
	}
	return earlyLooks + int(math.Log(float64(d)/float64(earlyUntil))/math.Log(lookGrowth)+1e-9)
}

// LookDue reports whether a look is due at run length now when the last one was
// at last (0: none yet).
func LookDue(last, now time.Duration) bool {
	if now < earlyLook {
		return false
	}
	return last < earlyLook || Looks(now) > Looks(last)
}

// Correct returns the error probability that one look at one of family series
// may spend, so that all looks at all series together spend alpha: Bonferroni
// over the family, and over the looks a spending function (Lan & DeMets 1983)
// of the logarithm L of the run's length, dL/(1+L)², whose sum converges, so
// that the bound holds for a run of any length. Look 0 is the only one and spends all.
func Correct(alpha float64, look, family int) float64 {
	alpha /= float64(max(1, family))
	if look <= 0 {
		return alpha
	}
	const total = 1.8 // sum over all looks, rounded up
	k := float64(look)
	length, step := math.Log(k), 1/k
	if look > earlyLooks {
		step = math.Log(lookGrowth)
		length = math.Log(float64(earlyLooks)) + step*float64(look-earlyLooks)
	}
	return alpha * step / (total * (1 + length) * (1 + length))
}
