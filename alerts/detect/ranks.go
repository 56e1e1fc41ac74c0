package detect

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
)

// rises tells whether a rank test sees any growth that goes on to the end: the
// test of Mann (1945) and Kendall over the stretch up to the end that shows it
// best, of a quarter of the points at least. It takes the points for
// independent, so it sees growth far too easily (Hamed & Rao 1998); what even
// this test does not see is none. It is the cross-check of an alarm, and since
// it is cheap, the first thing that is asked where only alarms matter.
func rises(y []float64) bool {
	n := len(y)
	score := 0
	for i := n - 2; i >= 0; i-- {
		for _, later := range y[i+1:] {
			if later > y[i] {
				score++
			} else if later < y[i] {
				score--
			}
		}
		if m := float64(n - i); score > 0 && 4*(n-i) >= n {
			if s := float64(score - 1); s*s > rankBound*rankBound*m*(m-1)*(2*m+5)/18 {
				return true
			}
		}
	}
	return false
}

// rises asks of the view, and of what its periods leave.
func (f *finding) rises() bool {
	y := without(f.view.t, f.view.y, rateColumns(f.view.rate))
	return rises(y) || f.periods != nil && rises(without(f.view.t, y, waves(f.view.t, f.periods)))
}

// mayRise is false only where rises would be, whatever is found of the view.
func (v *view) mayRise() bool {
	y := without(v.t, v.y, rateColumns(v.rate))
	if rises(y) {
		return true
	}
	ps := periods(v.t, y)
	return ps != nil && rises(without(v.t, y, waves(v.t, ps)))
}

// rankBound is what a standard normal exceeds with probability falseAlarms.
var rankBound = distuv.UnitNormal.Quantile(1 - falseAlarms)

// silent tells that nothing can be said to leak: there are too few points, too
// little of the planned time has passed, or no view rises. It answers only where one life of the process, under
// load, is all the evidence.
func (c *inquiry) silent() bool {
	if len(c.q.Rest) > 0 {
		return false
	}
	if len(c.q.Phases) == 0 && len(c.q.Series.Breaks) == 0 && len(restarts(c.pts)) > 0 {
		return false
	}
	parts := lives(c.pts)
	if len(parts) != 1 {
		return len(parts) == 0
	}
	if len(parts[0]) < leastGrowth || math.IsNaN(c.q.Limit) && c.hours < lastShare*(c.hours+c.left()) {
		return true
	}
	for _, v := range views(parts[0]) {
		if v.mayRise() {
			return false
		}
	}
	return true
}

// leaks is whether Judge says leak, for those who ask nothing else.
func leaks(q soak.Question) bool {
	c := newCase(q)
	return !(c.lacking() != "" || c.silent()) && Judge{}.Judge(q).State == soak.Leaking
}
