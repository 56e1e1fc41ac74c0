package detect

import (
	"math"
	"time"
)

const (
	earlyLook  = 10 * time.Second // between looks at first
	earlyUntil = 10 * time.Minute // and until then
	lookGrowth = 1.05             // afterwards each look comes when the run is 5 % longer
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

// LookDue tells whether a look is due at run length now when the last one was
// at last (0: none yet).
func LookDue(last, now time.Duration) bool {
	if now < earlyLook {
		return false
	}
	return last < earlyLook || Looks(now) > Looks(last)
}

// Correct returns the error probability that one look at one of family series
// may spend, so that all looks at all series together spend alpha: Bonferroni
// over the family, and over looks the series 1/((k+1) ln²(k+1)), whose sum
// converges, so that it holds without an end (Lan & DeMets 1983 for spending;
// Robbins 1970 for the rate). Look 0 is the only one and spends all.
func Correct(alpha float64, look, family int) float64 {
	alpha /= float64(max(1, family))
	if look <= 0 {
		return alpha
	}
	const total = 2.11 // sum over k ≥ 1, rounded up
	k := float64(look) + 1
	return alpha / (total * k * math.Log(k) * math.Log(k))
}
