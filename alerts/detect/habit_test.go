package detect

import (
	"math"
	"regexp"
	"testing"

	"soakmon/soak"
)

// stairs is an ascent in equal steps at the given hours of a time of a hundred.
func stairs(at ...float64) ascent {
	a := ascent{to: 100}
	for _, t := range at {
		a.each = append(a.each, rise{from: t, to: t, size: 3, sudden: true, points: 1})
	}
	return a
}

func TestAscent_Habit(t *testing.T) {
	for what, c := range map[string]struct {
		at   []float64
		fell bool
		want bool
	}{
		"eight steps at one pace": {[]float64{6, 19, 31, 44, 56, 69, 81, 94}, false, true},
		"a step taken back":       {[]float64{6, 19, 31, 44, 56, 69, 81, 94}, true, false},
		"too few":                 {[]float64{12, 37, 62, 87}, false, false},
		"ever rarer":              {[]float64{1, 2, 4, 7, 13, 25, 50, 99}, false, false},
		"long since the last":     {[]float64{5, 14, 23, 32, 41, 50, 59, 68}, false, false},
		"begun late":              {[]float64{40, 49, 58, 65, 74, 82, 90, 97}, false, true},
	} {
		a := stairs(c.at...)
		a.fell = c.fell
		h, ok := a.habit(2e-4)
		if ok != c.want {
			t.Errorf("%s: a habit: %v", what, ok)
		}
		if ok && math.Abs(h.trend.slope-3/h.wait()) > 0.03 {
			t.Errorf("%s: %.3g/h, 3 every %.3g h", what, h.trend.slope, h.wait())
		}
	}
}

// wait is the mean time between two steps.
func (h *habit) wait() float64 {
	n := len(h.steps) - 1
	return (h.steps[n].middle() - h.steps[0].middle()) / float64(n)
}

func TestJudge_HabitOfSteps(t *testing.T) {
	t.Parallel()
	says := regexp.MustCompile(`^rose in 10 steps of about (59|60|61)[.\d]*, (24|25|26)[.\d]*/h \(95 % CI `)
	for seed := range uint64(3) {
		changes := map[float64]float64{}
		for _, at := range []float64{.04, .15, .23, .36, .44, .55, .67, .74, .86, .95} {
			changes[at] = 60
		}
		v := Judge{}.Judge(soak.Question{Series: stepping(seed, 2, changes), Limit: math.NaN()})
		if v.State != soak.Leaking || len(v.Steps) != 10 || !says.MatchString(v.Reason) {
			t.Errorf("%s with %d steps: %s", v.State, len(v.Steps), v.Reason)
		}
	}
}
