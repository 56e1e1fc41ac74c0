package detect

import (
	"math"
	"math/rand/v2"
	"soakmon/soak"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestStudent_MatchesExactDistribution(t *testing.T) {
	t.Parallel()
	for _, dof := range []float64{4, 10, 60} {
		exact := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: dof}
		for x := -8.0; x <= 4; x += 0.5 {
			if got, want := math.Log(student(x, dof)), math.Log(exact.CDF(x)); math.Abs(got-want) > 0.06*max(1, -want) {
				t.Errorf("free %v at %v: %.3g, exactly %.3g", dof, x, student(x, dof), exact.CDF(x))
			}
		}
		for _, p := range []float64{1e-8, 0.01, 0.3, 0.975} {
			if got := student(studentQuantile(p, dof), dof); math.Abs(got-p) > 1e-3*p {
				t.Errorf("free %v: quantile of %v gives %v back", dof, p, got)
			}
		}
	}
}

// series returns n points of a line with noise: white, and a process with
// correlation time tau.
func noisyLine(r *rand.Rand, n int, tau, white, slope float64) (t, y []float64) {
	g := &gen{Rand: r, n: n, v: make([]float64, n)}
	g.ou(tau, 1)
	g.white(white)
	for i := range g.v {
		t = append(t, float64(i)/float64(n))
		y = append(y, g.v[i]+slope*t[i])
	}
	return t, y
}

func TestEstimate_IntervalCoverage(t *testing.T) {
	t.Parallel()
	for _, noise := range []struct{ tau, white float64 }{{0.01, 0}, {2, 0}, {10, 0}, {4, 1}} {
		r := rand.New(rand.NewPCG(3, 4))
		covered := 0
		const runs = 150
		for range runs {
			x, y := noisyLine(r, 96, noise.tau, noise.white, 5)
			tr := estimate(x, [][]float64{ones(96), x, y}, noises(1./96, 1), 1e-16)
			if tr.quantile(0.025) <= 5 && 5 <= tr.quantile(0.975) {
				covered++
			}
		}
		if share := float64(covered) / runs; share < 0.88 {
			t.Errorf("correlation over %v points, white %v: the 95 %% interval covers %.0f %%", noise.tau, noise.white, 100*share)
		}
	}
}

func TestTrend_PooledWith(t *testing.T) {
	t.Parallel()
	a := trend{parts: []part{{1, 10, 1, 0}}, slope: 10, dof: 50}
	b := trend{parts: []part{{1, 12, 1, 0}}, slope: 12, dof: 50}
	c := a.pooledWith(b)
	if math.Abs(c.slope-11) > 1e-9 || math.Abs(c.variance()-0.5) > 1e-9 {
		t.Errorf("slope %v, variance %v, want 11 and 0.5", c.slope, c.variance())
	}
}

func TestJudge_SinceChangeOfPace(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		before float64 // growth a minute in the first third; 6 afterward
		late   bool
	}{"flat before": {0, true}, "slower before": {4, false}, "faster before": {9, false}} {
		r, s := newRand(3), gauge()
		value := 1e4
		for i := range 600 {
			if i < 200 {
				value += c.before
			} else {
				value += 6
			}
			s.At, s.Value = append(s.At, time.Duration(i)*time.Minute), append(s.Value, value+r.NormFloat64())
		}
		v := Judge{}.Judge(soak.Question{Series: s, Limit: math.NaN()})
		if v.State != soak.Leaking || (v.Since > time.Hour) != c.late || strings.Contains(v.Reason, "flat") {
			t.Errorf("%s: %s since %v: %s", what, v.State, v.Since, v.Reason)
		}
	}
}
