package detect

import (
	"math"
	"testing"
)

func TestBasis_MatchesRegression(t *testing.T) {
	r := newRand(2)
	x, y := make([]float64, 60), make([]float64, 60)
	for i := range x {
		x[i], y[i] = (float64(i)+r.Float64()/2)/60, r.NormFloat64()
	}
	b, wave := newBasis(y, trendColumns(x)...), newOscillator(x)
	for _, f := range []float64{0.5, 3, 7.3} {
		sin, cos := wave.at(f)
		want := squares(subtractFit(append(trendColumns(x), sin, cos), y, 0))
		if got := b.residualWith(sin, cos); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%v cycles leave %v, a regression %v", f, got, want)
		}
		if got := squares(b.with(sin, cos).residual); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%v cycles, taken in, leave %v, a regression %v", f, got, want)
		}
	}
	if got, want := b.residualWith(x, ones(60)), squares(b.residual); math.Abs(got-want) > 1e-9*want {
		t.Errorf("columns of the basis leave %v of %v", got, want)
	}
}

// The likelihood of the filter is that of the covariance, written out for three
// points.
func TestFilter_LikelihoodMatchesCovariance(t *testing.T) {
	x, y := []float64{0, 1, 3}, []float64{1, -2, 0.5}
	nz := noise{tau: 2, white: 0.4}
	var c [3][3]float64
	for i := range c {
		for j := range c {
			c[i][j] = math.Exp(-math.Abs(x[i]-x[j]) / nz.tau)
		}
		c[i][i] += nz.white
	}
	det, sum := 1.0, 0.0
	v := [3]float64{y[0], y[1], y[2]}
	for k := range c { // elimination: the pivots are the innovations' variances
		det *= c[k][k]
		sum += v[k] * v[k] / c[k][k]
		for i := k + 1; i < 3; i++ {
			f := c[i][k] / c[k][k]
			v[i] -= f * v[k]
			for j := k; j < 3; j++ {
				c[i][j] -= f * c[k][j]
			}
		}
	}
	var q normal
	wf := newFilters(x, []noise{nz})[0]
	newWhitener([][]float64{ones(3), y}).equations(wf, &q)
	if got := q.a[1][1]; math.Abs(got-sum) > 1e-12 || math.Abs(wf.logF-math.Log(det)) > 1e-12 {
		t.Errorf("%v and %v, want %v and %v", got, wf.logF, sum, math.Log(det))
	}
}
