package detect

import (
	"math"

	"soakmon/soak"
)

// criteria are what a slope is measured against.
type criteria struct {
	hours     float64 // of steady load, first sample to last
	level     float64 // after warm-up
	tolerance float64 // growth per hour that is allowed
	cleanRoom float64 // growth over the series that a clean one may hide: more is excluded
}

func (c *inquiry) criteria(level float64) criteria {
	k := criteria{hours: c.hours, level: level, cleanRoom: cleanShare * math.Abs(level)}
	k.cleanRoom = max(k.cleanRoom, cleanCounts*c.quantum)
	k.tolerance = c.allowed()
	return k
}

// allowed is the tolerance in units per hour. A share is that of the level in the
// first quarter: the level of all samples grows with a leak.
func (c *inquiry) allowed() float64 {
	t := c.q.Tolerance
	v := t.Value
	if t.Percent {
		v *= math.Abs(meanOf(c.pts[:(len(c.pts)+3)/4]))
	}
	switch t.Per {
	case soak.PerRun:
		v /= c.hours
	case soak.PerOperation:
		v *= c.operations.rate(c.pts[0].t, c.end())
	}
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0
	}
	return v
}

// room is the growth over the series that a clean one may hide.
func (k criteria) room() float64 {
	if k.tolerance > 0 {
		return k.tolerance * k.hours
	}
	return k.cleanRoom
}

// A slopeTest is what one line of evidence says of growth: the test of a slope
// against the tolerance.
type slopeTest struct {
	trend       trend
	p           float64 // p value of growth within the tolerance
	detectable  float64 // per hour: would have been called a leak; NaN where no growth could have been
	upper       float64 // per hour: growth is less, with probability power
	most        float64 // per hour: growth is less, with probability 1 − suspicion
	lo, hi      float64 // per hour: the 95 % interval of the slope
	significant bool    // growth above the tolerance is shown, unless something else explains it
	excluded    bool    // growth above the tolerance is excluded
	rising      float64 // per hour: what the trend leaves out, as it ends by itself; the other figures include it
	falls       bool    // because the readings fall: by more than chance, or in too much noise for anything else to exclude it
}

// test compares a trend with the tolerance, given the growth that would have
// been called a leak. Clean rests on less, on what the noise leaves possible:
// alternative explanations are sought for an alarm, not for its absence.
func (k criteria) test(tr trend, alpha, detectable float64) slopeTest {
	t := slopeTest{trend: tr, p: tr.cdf(k.tolerance), detectable: detectable, upper: tr.quantile(power), most: tr.quantile(1 - suspicion), lo: tr.quantile(0.025), hi: tr.quantile(0.975)}
	t.significant = t.p < alpha
	t.exclude(k)
	return t
}

// widen gives the test an interval of the slope that is at least as wide as the
// given one.
func (t *slopeTest) widen(k criteria, lo, hi float64) {
	t.lo, t.hi = min(t.lo, lo), max(t.hi, hi)
	t.upper, t.most = max(t.upper, hi), max(t.most, hi)
	t.exclude(k)
}

// stillRising adds to the figures the rate at which the level still rises at the end.
// That rise ends by itself, so it does not show growth, but the level is not flat yet.
func (t *slopeTest) stillRising(k criteria, rate float64) {
	t.rising += rate
	t.lo, t.hi, t.upper, t.most = t.lo+rate, t.hi+rate, t.upper+rate, t.most+rate
	t.exclude(k)
}

// exclude decides whether growth above the tolerance is excluded.
func (t *slopeTest) exclude(k criteria) {
	t.falls = t.trend.quantile(1-suspicion) <= 0
	if k.tolerance > 0 {
		t.excluded = t.upper <= k.tolerance
	} else {
		still := t.p > suspicion && t.most*k.hours <= k.cleanRoom
		t.falls = t.falls || t.upper <= 0 && !still
		t.excluded = t.upper <= 0 || still
	}
}

// growth is the tested slope with its 95 % interval.
func (t *slopeTest) growth() soak.Growth {
	g := soak.UnknownGrowth()
	g.Slope, g.Lo, g.Hi = soak.Float(t.trend.slope+t.rising), soak.Float(t.lo), soak.Float(t.hi)
	g.MinDetectable = soak.Float(max(t.detectable+t.rising, t.hi)) // less was not excluded
	return g
}

// known reports whether there was a slope to test.
func (t *slopeTest) known() bool { return t.trend.known() }

// early reports growth that warm-up explains as well: small, and only in the first
// minutes of a recording for which no growth is tolerated expressly.
func (k criteria) early(slope float64) bool {
	return k.tolerance == 0 && k.hours < warmupSpan.Hours() && slope*k.hours < k.cleanRoom
}

// falloff is how slowly the probability of a random walk falls with the
// likelihood: fast where the rise is a large share of the level, because noise
// does not double a level.
func (k criteria) falloff(slope float64) float64 {
	share := slope * k.hours / max(math.Abs(k.level), 1e-300)
	return min(1, max(0.05, math.Log(share)/math.Log(cleanShare)))
}

// fisher combines the p values of two independent tests (Fisher 1925).
func fisher(p, q float64) float64 {
	x := p * q
	if x == 0 {
		return 0
	}
	return x * (1 - math.Log(x))
}
