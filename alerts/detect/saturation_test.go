package detect

import (
	"math"
	"strings"
	"testing"

	"soakmon/soak"
)

// dayOfApproach returns a question about a day in which the level rises by a half, with a
// time constant as a share of the day, and the rate per hour at its end.
func dayOfApproach(tau, noise float64) (q soak.Question, rate float64) {
	const level, n = 1e8, 2880
	r := newRand(11)
	q.Limit = math.NaN()
	for i := range n {
		left := math.Exp(-float64(i) / n / tau)
		q.Series.At = append(q.Series.At, seconds(30*float64(i)))
		q.Series.Value = append(q.Series.Value, level*(1.5-left/2+noise*r.NormFloat64()))
		rate = level * left / 2 / (24 * tau)
	}
	return q, rate
}

// A slow approach to a level is clean with the rate that it has at its end, not with
// that of the level that it approaches.
func TestJudge_LevelingStatesItsEnd(t *testing.T) {
	t.Parallel()
	for _, tau := range []float64{.12, .2, .25, .3} {
		for _, noise := range []float64{.0005, .005} {
			q, rate := dayOfApproach(tau, noise)
			v := Judge{}.Judge(q)
			if v.State == soak.Leaking || v.State == soak.Clean && (float64(v.Hi) < 0.95*rate || v.MinDetectable < v.Hi) {
				t.Errorf("time constant %v, noise %v, %.4g/h at the end: %s, [%.4g, %.4g], limit %.4g: %s", tau, noise, rate, v.State, v.Lo, v.Hi, v.MinDetectable, v.Reason)
			}
		}
	}
}

// A level that still rises by more than the tolerance is not clean, and the reason
// says how long it takes until it is.
func TestJudge_LevelingBeyondToleranceIsNotClean(t *testing.T) {
	t.Parallel()
	q, rate := dayOfApproach(.25, .0005)
	q.Tolerance = soak.Quantity{Value: rate / 2, Per: soak.PerHour}
	if v := (Judge{}).Judge(q); v.State != soak.Inconclusive || !strings.Contains(v.Reason, "it is leveling off") || v.Needed <= q.Series.At[len(q.Series.At)-1] {
		t.Errorf("%s, needed %v: %s", v.State, v.Needed, v.Reason)
	}
	q.Tolerance.Value = 2 * rate
	if v := (Judge{}).Judge(q); v.State != soak.Clean {
		t.Errorf("with twice the rate tolerated: %s: %s", v.State, v.Reason)
	}
}
