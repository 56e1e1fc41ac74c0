package detect

import "gonum.org/v1/gonum/stat/distuv"

// rankTest reports whether a rank test finds any growth that lasts to the end: the
// test of Mann (1945) and Kendall over the final stretch that shows it best, of at
// least a quarter of the points. It assumes independent points, so it finds growth
// far too easily (Hamed & Rao 1998); what even this test does not find is not
// there. It is the cross-check of an alarm and, because it is cheap, the first
// test where only alarms matter.
func rankTest(y []float64) bool {
	n, up, down := len(y), 0, 0
	for i := n - 2; i >= 0; i-- {
		now := y[i]
		for _, later := range y[i+1:] { // without a branch that could be mispredicted
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

// rankTest tests the view, and its residual after the periods.
func (f *fit) rankTest() bool {
	y := residualAfter(f.view.t, f.view.y, rateColumns(f.view.rate))
	return rankTest(y) || f.periods != nil && rankTest(residualAfter(f.view.t, y, waveColumns(f.view.t, f.periods)))
}

// rankBound is the quantile that a standard normal variable exceeds with
// probability falseAlarms.
var rankBound = distuv.UnitNormal.Quantile(1 - falseAlarms)
