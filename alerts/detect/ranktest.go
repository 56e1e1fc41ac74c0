package detect

import "gonum.org/v1/gonum/stat/distuv"

// rises tells whether a rank test sees any growth that goes on to the end: the
// test of Mann (1945) and Kendall over the stretch up to the end that shows it
// best, of a quarter of the points at least. It takes the points for
// independent, so it sees growth far too easily (Hamed & Rao 1998); what even
// this test does not see is none. It is the cross-check of an alarm, and since
// it is cheap, the first thing that is asked where only alarms matter.
func rankTest(y []float64) bool {
	n, up, down := len(y), 0, 0
	for i := n - 2; i >= 0; i-- {
		now := y[i]
		for _, later := range y[i+1:] { // no branch to guess wrong
			if later > now {
				up++
			}
			if later < now {
				down++
			}
		}
		if m := float64(n - i); up > down && 4*(n-i) >= n {
			if s := float64(up - down - 1); s*s > rankBound*rankBound*m*(m-1)*(2*m+5)/18 {
				return true
			}
		}
	}
	return false
}

// rises asks of the view, and of what its periods leave.
func (f *fit) rankTest() bool {
	y := residualAfter(f.view.t, f.view.y, rateColumns(f.view.rate))
	return rankTest(y) || f.periods != nil && rankTest(residualAfter(f.view.t, y, waveColumns(f.view.t, f.periods)))
}

// rankBound is what a standard normal exceeds with probability falseAlarms.
var rankBound = distuv.UnitNormal.Quantile(1 - falseAlarms)
