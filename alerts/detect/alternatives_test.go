package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

func judgeClassOf(t *testing.T, class string, k int) soak.Verdict {
	t.Helper()
	for _, m := range slices.Concat(cleanMakers, leakMakers, eitherMakers) {
		if m.class == class {
			return Judge{}.Judge(soak.Question{Series: generate(m, 5, k).series, Limit: math.NaN()})
		}
	}
	t.Fatalf("no class %q", class)
	return soak.Verdict{}
}

func TestJudge_RecognizesHealthyClasses(t *testing.T) {
	t.Parallel()
	for _, class := range []string{"warmup", "warmup_slow", "diurnal", "batch_jobs", "sawtooth", "steps_early", "fd_late_step", "cache_fill", "falling"} {
		clean := 0
		for k := range 6 {
			if judgeClassOf(t, class, k).State == soak.Clean {
				clean++
			}
		}
		if clean < 4 {
			t.Errorf("%s: %d of 6 are clean", class, clean)
		}
	}
}

func TestJudge_RandomWalk(t *testing.T) {
	t.Parallel()
	for k := range 30 {
		g := &gen{Rand: newRand(uint64(k)), n: 150, v: make([]float64, 150)}
		g.ou(1e4, 100)
		for i := range g.v {
			g.v[i] += 1000
		}
		if v := (Judge{}).Judge(soak.Question{Series: gauge(g.v...), Limit: math.NaN(), Phases: steadily}); v.State == soak.Leaking {
			t.Errorf("walk %d: %s", k, v.Reason)
		}
	}
}

var steadily = []soak.Phase{{Name: "steady", To: 1000 * time.Hour, Rate: 1}}

// found examines a series as one lifetime of a process.
func found(t *testing.T, value func(i int) float64) (fit, []point) {
	t.Helper()
	r := newRand(1)
	s := gauge()
	for i := range 1000 {
		s.At, s.Value = append(s.At, time.Duration(i)*time.Second), append(s.Value, value(i)+r.NormFloat64())
	}
	pts := steady(Reduce(s), nil, 0)
	f, ok := examine(analyze(pts, 0), 1e-3)
	if !ok {
		t.Fatal("nothing was found")
	}
	return f, pts
}

func TestAlternative_PlainGrowth(t *testing.T) {
	t.Parallel()
	f, pts := found(t, func(i int) float64 { return 1000 + float64(i)/10 })
	r := f.compare(0)
	r.growing = r.cost(f.growing)
	if d := f.alternative(r, pts, 0, 0, falseAlarms); d != "" {
		t.Errorf("alternative: %s", d)
	}
}

func TestSaturation_LevelsOff(t *testing.T) {
	t.Parallel()
	f, _ := found(t, func(i int) float64 { return 1000 - 100*math.Exp(-float64(i)/600) })
	if r := f.compare(0); f.saturation(r, r.cost(f.growing)) != levelsOff {
		t.Error("an approach with a time constant of 600 s in 1,000 s does not level off")
	}
	s := gauge()
	r := newRand(1)
	for i := range 1000 {
		s.At, s.Value = append(s.At, seconds(float64(i))), append(s.Value, 1000-300*math.Exp(-float64(i)/600)+r.NormFloat64())
	}
	v := Judge{}.Judge(soak.Question{Series: s, Limit: math.NaN()})
	if v.State != soak.Inconclusive || !strings.Contains(v.Reason, "leveling off") {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
}

func TestJudge_GrowthSlowingForever(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		value func(x float64) float64
		leaks bool
	}{
		{"hyperbola", func(x float64) float64 { return x / (x + .1) }, false},
		{"logarithm", func(x float64) float64 { return math.Log1p(20*x) / 3 }, false},
		{"root", math.Sqrt, false},
		{"stretched exponential", func(x float64) float64 { return 1 - math.Exp(-math.Sqrt(x/.08)) }, false},
		{"two time constants", func(x float64) float64 { return 1 - .6*math.Exp(-x/.03) - .4*math.Exp(-x/.2) }, false},
		{"warm-up and a leak", func(x float64) float64 { return .9*(1-math.Exp(-x/.05)) + .1*x }, true},
	} {
		r, s := newRand(3), gauge()
		for i := range 600 {
			s.At, s.Value = append(s.At, time.Duration(i)*time.Minute), append(s.Value, 1000+200*c.value(float64(i)/600)+r.NormFloat64())
		}
		v := Judge{}.Judge(soak.Question{Series: s, Limit: math.NaN(), Phases: steadily})
		if (v.State == soak.Leaking) != c.leaks {
			t.Errorf("%s: %s: %s", c.name, v.State, v.Reason)
		}
	}
}

func TestFellBackBefore_SecondTooth(t *testing.T) {
	t.Parallel()
	f, _ := found(t, func(i int) float64 { return 1000 + float64(i%550) })
	if !f.fellBackBefore() {
		t.Errorf("the second tooth of a saw is growth from %v h on", f.onset)
	}
}

func TestCeilingContradicts_RisingFloors(t *testing.T) {
	t.Parallel()
	f, pts := found(t, func(i int) float64 { return 1000 + float64(i)/20 + float64(i%8)*(100-float64(i)/12) })
	if !f.view.floor || !f.ceilingContradicts(pts, 0) {
		t.Errorf("floor %v is not contradicted", f.view.floor)
	}
}

func TestJudge_UnmarkedRestarts(t *testing.T) {
	t.Parallel()
	for k := range 6 {
		if v := judgeClassOf(t, "restarts_unmarked_leak", k); v.State != soak.Leaking && (v.State != soak.Inconclusive || !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, "fell suddenly") })) {
			t.Errorf("%d: %s: %s %q", k, v.State, v.Reason, v.Warnings)
		}
	}
	s := gauge()
	for i := range 3000 {
		age := i
		for _, restart := range []int{1600, 2300} {
			if i >= restart {
				age = i - restart
			}
		}
		s.At, s.Value = append(s.At, time.Duration(i)*time.Second), append(s.Value, 200+float64(age)+float64(i*7919%11))
	}
	q := soak.Question{Series: s, Limit: math.NaN()}
	if v := (Judge{}).Judge(q); v.State != soak.Leaking || len(v.Warnings) == 0 {
		t.Errorf("a recording without marks: %s, warnings %q", v.State, v.Warnings)
	}
	even := q
	even.Series.Value = slices.Clone(s.Value)
	for i := range even.Series.Value {
		even.Series.Value[i] = 200 + float64((i+500)%1400) + float64(i*7919%11)
	}
	if v := (Judge{}).Judge(even); v.State == soak.Leaking {
		t.Errorf("equal teeth at even distances: %s", v.Reason)
	}
	saw := q
	saw.Series.Value = slices.Clone(s.Value)
	for i := range saw.Series.Value {
		saw.Series.Value[i] += 4000 // it keeps more than half, as after a collection
	}
	if v := (Judge{}).Judge(saw); v.State == soak.Leaking {
		t.Errorf("equal teeth that keep most of the level: %s", v.Reason)
	}
	for i := range s.Value {
		if i >= 1600 {
			s.Value[i] += .05 * (s.Value[i] - 200)
		}
	}
	if v := (Judge{}).Judge(q); v.State == soak.Leaking {
		t.Errorf("two teeth whose rates differ by 5 %%: %s", v.Reason)
	}
	q.Phases = steadily
	if v := (Judge{}).Judge(q); v.State == soak.Leaking {
		t.Errorf("a process that was watched and did not restart: %s", v.Reason)
	}
}

func TestJudge_WaveWithinPlannedTime(t *testing.T) {
	t.Parallel()
	r := newRand(4)
	wave, line := gauge(), gauge()
	for i := range 9 * 60 {
		at, noise := time.Duration(i)*time.Minute, r.NormFloat64()
		wave.At, wave.Value = append(wave.At, at), append(wave.Value, 1000+10*math.Sin(2*math.Pi*(at.Hours()-4.5)/24)+noise)
		line.At, line.Value = append(line.At, at), append(line.Value, 1000+2.2*at.Hours()+noise)
	}
	q := soak.Question{Series: wave, Limit: math.NaN(), Phases: steadily}
	if v := (Judge{}).Judge(q); v.State != soak.Leaking {
		t.Errorf("nine hours of a day's wave, and nothing to come: %s: %s", v.State, v.Reason)
	}
	q.Planned = 24 * time.Hour
	if v := (Judge{}).Judge(q); v.State != soak.Inconclusive || !strings.Contains(v.Reason, "wave") {
		t.Errorf("nine hours of a day's wave: %s: %s", v.State, v.Reason)
	}
	q.Limit = 1030
	if v := (Judge{}).Judge(q); v.State != soak.Leaking || v.Exhaustion.At > q.Planned {
		t.Errorf("a wave that exceeds the limit if it continues, %v: %s: %s", v.Exhaustion.At, v.State, v.Reason)
	}
	q.Limit = math.NaN()
	q.Series = line
	if v := (Judge{}).Judge(q); v.State != soak.Leaking {
		t.Errorf("nine hours of a line: %s: %s", v.State, v.Reason)
	}
}

func TestJudge_SlowWaveUnderFasterOne(t *testing.T) {
	t.Parallel()
	day := func(r *rand.Rand, hours float64) soak.Series {
		s := gauge()
		slow, fast, phase, high := 1+2*r.Float64(), 6+18*r.Float64(), 6*r.Float64(), 5+45*r.Float64()
		for i := range int(60 * hours) {
			x := float64(i) / (24 * 60)
			s.At = append(s.At, time.Duration(i)*time.Minute)
			s.Value = append(s.Value, 1000+high*math.Sin(2*math.Pi*slow*x+phase)+30*math.Sin(2*math.Pi*fast*x)+r.NormFloat64())
		}
		return s
	}
	for _, k := range []int{914, 954, 1037, 1139, 1173, 1293, 1538, 1639, 1967} { // days that were called leaks once
		for _, hours := range []float64{6.2, 7, 8, 9} {
			q := soak.Question{Series: day(newRand(uint64(k)), hours), Limit: math.NaN(), Phases: steadily, Planned: 24 * time.Hour}
			if v := (Judge{}).Judge(q); v.State == soak.Leaking {
				t.Errorf("day %d after %v h: %s", k, hours, v.Reason)
			}
		}
	}
}

func TestJudge_LeakUnderOneWave(t *testing.T) {
	t.Parallel()
	for k := range 30 {
		r, s := newRand(uint64(k)), gauge()
		growth, high, phase := 10+90*r.Float64(), 5+45*r.Float64(), 6*r.Float64()
		for i := range 24 * 60 {
			x := float64(i) / (24 * 60)
			s.At = append(s.At, time.Duration(i)*time.Minute)
			s.Value = append(s.Value, 1000+growth*x+high*math.Sin(2*math.Pi*x+phase)+r.NormFloat64())
		}
		if v := (Judge{}).Judge(soak.Question{Series: s, Limit: math.NaN()}); v.State == soak.Clean {
			t.Errorf("growth of %.3g under a day's wave of %.3g is clean: %s", growth, high, v.Reason)
		}
	}
}

// Half a day of load and half a day of none: what is higher after the day than
// before it may have leaked.
func TestJudge_RiseThatDoesNotFallBack(t *testing.T) {
	t.Parallel()
	clean := 0
	for k := range 30 {
		r, still, growing := newRand(uint64(k)), gauge(), gauge()
		growth, high, begins := 60+60*r.Float64(), 30+40*r.Float64(), r.Float64()
		for i := range 24 * 12 {
			x, at := float64(i)/(24*12), time.Duration(i)*5*time.Minute
			value := 1000 + high*max(0, math.Sin(2*math.Pi*(x+begins))) + r.NormFloat64()
			still.At, still.Value = append(still.At, at), append(still.Value, value)
			growing.At, growing.Value = append(growing.At, at), append(growing.Value, value+growth*x)
		}
		for _, tolerated := range []float64{0, 1} {
			q := soak.Question{Series: growing, Limit: math.NaN(), Tolerance: soak.Quantity{Value: tolerated, Per: soak.PerHour}}
			if v := (Judge{}).Judge(q); v.State == soak.Clean {
				t.Errorf("growth of %.3g under a day of %.3g is clean with %v/h tolerated: %s", growth, high, tolerated, v.Reason)
			}
		}
		if v := (Judge{}).Judge(soak.Question{Series: still, Limit: math.NaN()}); v.State == soak.Clean {
			clean++
		}
	}
	if clean < 10 {
		t.Errorf("%d of 30 days without growth are clean", clean)
	}
}
