package detect

import (
	"math"
	"regexp"
	"testing"
	"time"

	"soakmon/soak"
)

// stepping is a day with changes of its level, each at a share of the day.
func stepping(seed uint64, sd float64, changes map[float64]float64) soak.Series {
	r, s := newRand(seed), gauge()
	for i := range 1440 {
		v := 1000 + sd*r.NormFloat64()
		for at, height := range changes {
			v += height * step(float64(i) >= at*1440)
		}
		s.At, s.Value = append(s.At, time.Duration(i)*time.Minute), append(s.Value, v)
	}
	return s
}

func TestJudge_LevelThatRoseInSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		changes map[float64]float64
		state   soak.State
		steps   int
		reason  string
	}{
		{"one early step", map[float64]float64{.25: 300}, soak.Clean, 1, `^rose by (300|299|301) at (6|5.9.|6.0.) h; flat for (18|17.9|18.1) h since; `},
		{"one late step", map[float64]float64{.75: 300}, soak.Inconclusive, 1, `^rose in one step, \+(30|30.1|30.2|29.9) %, (6|5...|6...) h ago; 18(..)? h of flat level would show that it ended$`},
		{"two early steps", map[float64]float64{.125: 200, .25: 200}, soak.Clean, 2, `^rose at (3|2.9.|3.0.) h and (6|5.9.|6.0.) h, by (400|399|401) in all; flat for `},
		{"two steps, flat for too short", map[float64]float64{.2: 200, .5: 200}, soak.Inconclusive, 2, `^rose in 2 steps, \+(40|39.9|40.1|40.2) %, the last (12|11.9|12.1) h ago; 18(..)? h of flat level`},
		{"a step that came back", map[float64]float64{.3: 300, .7: -300}, soak.Clean, 0, `^no growth`},
		{"a level reached before", map[float64]float64{.3: -300, .7: 300}, soak.Clean, 0, `^no growth`},
		{"a small step", map[float64]float64{.7: 30}, soak.Clean, 0, `^no growth`},
	} {
		for seed := range uint64(3) {
			v := Judge{}.Judge(soak.Question{Series: stepping(seed, float64(seed*seed), c.changes), Limit: math.NaN()})
			if v.State != c.state || len(v.Steps) != c.steps || !regexp.MustCompile(c.reason).MatchString(v.Reason) {
				t.Errorf("%s: %s with %d steps: %s", c.name, v.State, len(v.Steps), v.Reason)
			}
		}
	}
}

func TestJudge_IrregularStepsUp(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r, changes := newRand(seed), map[float64]float64{.9: 60}
		for range 1 + seed%6 {
			changes[.05+.85*r.Float64()] = 40 + 60*r.Float64()
		}
		if v := (Judge{}).Judge(soak.Question{Series: stepping(seed, 3, changes), Limit: math.NaN()}); v.State == soak.Clean {
			t.Errorf("%d steps up: clean: %s", len(changes), v.Reason)
		}
	}
}

func TestJudge_StepsUpWithSaw(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		s, r := stepping(seed, 2, map[float64]float64{.15: 80, .3: 60, .6: 100, .85: 70}), newRand(seed)
		height, period := 5+15*r.Float64(), 8+r.IntN(50)
		for i := range s.Value {
			s.Value[i] += height * float64(i%period) / float64(period)
		}
		if v := (Judge{}).Judge(soak.Question{Series: s, Limit: math.NaN()}); v.State == soak.Clean {
			t.Errorf("four steps up under teeth of %.3g every %d min: clean: %s", height, period, v.Reason)
		}
	}
}

func TestAscent_Enough(t *testing.T) {
	for what, c := range map[string]struct {
		rises []rise
		want  float64
	}{
		"one step":                              {[]rise{{from: 3, to: 3, points: 1}}, 2},
		"two steps":                             {[]rise{{from: 2, to: 2, points: 1}, {from: 5, to: 5, points: 1}}, 6},
		"five steps":                            {[]rise{{from: 2, to: 2, points: 1}, {from: 3, to: 3, points: 1}, {from: 4, to: 4, points: 1}, {from: 5, to: 5, points: 1}, {from: 6, to: 6, points: 1}}, 3},
		"ever rarer steps":                      {[]rise{{from: 1.5, to: 1.5, points: 1}, {from: 2, to: 2, points: 1}, {from: 3, to: 3, points: 1}, {from: 5, to: 5, points: 1}}, 4},
		"a ramp from the beginning":             {[]rise{{from: 1, to: 4, points: 60}}, 1},
		"a short one":                           {[]rise{{from: 1, to: 1.5, points: 3}}, 0.5},
		"a ramp after a wait as long as itself": {[]rise{{from: 2, to: 3, points: 60}}, 2},
		"a ramp after a short wait":             {[]rise{{from: 1.5, to: 4, points: 60}}, 1},
	} {
		a := ascent{rises: c.rises, from: 1, to: 10}
		if got := a.enough(); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v h, want %v h", what, got, c.want)
		}
	}
}

func TestFitPieces_RampAndSteps(t *testing.T) {
	r := newRand(1)
	var at, y, want []float64
	for i := range 190 {
		x := float64(i) / 190
		level := 10*min(1, max(0, (x-.2)/.2)) + 8*step(i >= 120) - 3*step(i >= 150)
		at, y, want = append(at, x), append(y, level+.1*r.NormFloat64()), append(want, level)
	}
	level, _, _ := fitPieces(at, y, 1e-16)
	for i := range level {
		if math.Abs(level[i]-want[i]) > 1 {
			t.Fatalf("point %d: %.3g, true %.3g", i, level[i], want[i])
		}
	}
}

// A doubling in the last minutes is stated as one: the ramp that fits it begins below
// all readings.
func TestAscent_StatesALateDoubling(t *testing.T) {
	t.Parallel()
	for _, late := range []int{1, 5, 13, 40, 200} {
		q, r := soak.Question{Limit: math.NaN()}, newRand(3)
		const n = 2880
		for i := range n {
			q.Series.At = append(q.Series.At, seconds(30*float64(i)))
			q.Series.Value = append(q.Series.Value, math.Round(1e8*(1+step(i >= n-late))+5e5*r.NormFloat64()))
		}
		v := Judge{}.Judge(q)
		for _, s := range v.Steps {
			if math.Abs(float64(s.Size)-1e8) > 2e6 {
				t.Errorf("doubled by %d readings: a step of %.4g: %s", late, s.Size, v.Reason)
			}
		}
		if late >= 13 && (len(v.Steps) != 1 || v.State != soak.Inconclusive) {
			t.Errorf("doubled by %d readings: %s: %s", late, v.State, v.Reason)
		}
	}
}
