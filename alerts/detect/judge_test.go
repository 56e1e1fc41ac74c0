package detect

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// A scene is a short run: a warm-up, steady load, rests.
type scene struct {
	seconds   int
	unit      string
	quantum   float64
	value     func(r *rand.Rand, t float64) float64
	rest      []float64 // seconds
	atRest    func(t float64) float64
	tolerance soak.Quantity
	warmup    float64
}

func seconds(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }

// question asks about a scene as the last look of a monitor of twenty series.
func (c scene) question(seed uint64) soak.Question {
	r := rand.New(rand.NewPCG(seed, 7))
	s := soak.Series{ID: soak.SeriesOf("target", "x"), Metric: soak.Metric{Name: "x", Unit: c.unit, Kind: soak.Gauge, Quantum: c.quantum}}
	q := soak.Question{Limit: math.NaN(), Tolerance: c.tolerance, Family: 20, Look: Looks(seconds(float64(c.seconds)))}
	for i := range c.seconds {
		s.At = append(s.At, seconds(float64(i)))
		s.Value = append(s.Value, c.value(r, float64(i)))
		q.Operations.At = append(q.Operations.At, seconds(float64(i)))
		q.Operations.Value = append(q.Operations.Value, 200*float64(i))
	}
	q.Series = s
	from := c.warmup
	q.Phases = []soak.Phase{{Name: "warmup", To: seconds(from), Rate: 1}}
	for _, at := range append(c.rest, float64(c.seconds)) {
		if at > from {
			q.Phases = append(q.Phases, soak.Phase{Name: "steady", From: seconds(from), To: seconds(at), Rate: 1}, soak.Phase{Name: "rest", From: seconds(at), To: seconds(at + 5)})
			from = at + 5
		}
	}
	for _, at := range c.rest {
		q.Rest = append(q.Rest, soak.RestPoint{At: seconds(at), Value: c.atRest(at), Forced: true})
	}
	return q
}

func counts(level, sd float64) func(*rand.Rand, float64) float64 {
	return func(r *rand.Rand, _ float64) float64 { return math.Round(level + sd*r.NormFloat64()) }
}

// collected is a live heap that is known anew at each collection.
func collected(base, perSecond float64) func(*rand.Rand, float64) float64 {
	return func(_ *rand.Rand, t float64) float64 {
		gc := math.Floor(t / 10)
		_, jitter := math.Modf(math.Abs(math.Sin(gc*129.898+1) * 43758.5453))
		return base + perSecond*10*gc + 2e5*jitter
	}
}

func TestJudge_ShortRuns(t *testing.T) {
	t.Parallel()
	leaking := func(t float64) float64 { return 8 + math.Floor(t/50) }
	run := soak.Quantity{Value: 1 << 20, Per: soak.PerRun}
	rests := []float64{0, 120, 240, 360, 480, 595}
	for _, c := range []struct {
		name  string
		scene scene
		want  soak.State
		least int     // of ten
		never bool    // the opposite never
		slope float64 // per hour, within 10 %
	}{
		{"two minutes of a still count", scene{seconds: 110, unit: "count", quantum: 1, value: counts(210, 0), warmup: 10}, soak.Clean, 10, true, 0},
		{"two minutes of a count with noise 1", scene{seconds: 110, unit: "count", quantum: 1, value: counts(210, 1), warmup: 10}, soak.Clean, 9, true, 0},
		{"two minutes of a count with noise 2", scene{seconds: 110, unit: "count", quantum: 1, value: counts(210, 2), warmup: 10}, soak.Clean, 8, true, 0},
		{"two descriptors a second for a minute", scene{seconds: 60, unit: "count", quantum: 1, warmup: 10,
			value: func(r *rand.Rand, t float64) float64 { return math.Round(20+r.NormFloat64()) + math.Floor(2*t) }}, soak.Leaking, 10, true, 7200},
		{"64 KiB of heap a second for two minutes", scene{seconds: 120, unit: "bytes", warmup: 6, value: collected(5e6, 65536), tolerance: run}, soak.Leaking, 10, true, 65536 * 3600},
		{"64 KiB of heap a second for one minute", scene{seconds: 60, unit: "bytes", warmup: 6, value: collected(5e6, 65536), tolerance: run}, soak.Leaking, 10, true, 65536 * 3600},
		{"a heap that is collected", scene{seconds: 120, unit: "bytes", warmup: 6, value: collected(5e6, 0), tolerance: run}, soak.Clean, 10, true, 0},
		{"memory that creeps within the tolerance", scene{seconds: 120, unit: "bytes", quantum: 4096, warmup: 10, tolerance: run,
			value: func(r *rand.Rand, t float64) float64 {
				return 4096 * math.Round((2e7+8e5*(1-math.Exp(-t/40)))/4096+4*r.Float64())
			}}, soak.Clean, 10, true, 0},
		{"64 bytes of heap an operation for ten minutes", scene{seconds: 600, unit: "bytes", warmup: 30, value: collected(8e6, 12800), tolerance: run}, soak.Leaking, 10, true, 12800 * 3600},
		{"a descriptor in 10,000 operations, with rests", scene{seconds: 600, unit: "count", quantum: 1, warmup: 30, rest: rests, atRest: leaking,
			value: func(r *rand.Rand, t float64) float64 { return math.Round(210+2*r.NormFloat64()) + math.Floor(t/50) }}, soak.Leaking, 8, true, 72},
		{"too noisy, but the same at rest before and after", scene{seconds: 120, unit: "count", quantum: 1, warmup: 10, rest: []float64{0, 115},
			atRest: func(float64) float64 { return 8 }, value: counts(210, 12)}, soak.Clean, 10, true, 0},
		{"too few samples", scene{seconds: 15, unit: "count", quantum: 1, value: counts(210, 1), warmup: 10}, soak.Inconclusive, 10, true, 0},
	} {
		got := 0
		for seed := range uint64(10) {
			v := Judge{}.Judge(c.scene.question(seed))
			if v.State == c.want {
				got++
			} else if v.State != soak.Inconclusive && c.never {
				t.Errorf("%s: %s: %s", c.name, v.State, v.Reason)
			}
			if c.slope > 0 && math.Abs(float64(v.Slope)-c.slope) > 0.1*c.slope {
				t.Errorf("%s: slope %.4g/h, want %.4g", c.name, v.Slope, c.slope)
			}
		}
		if got < c.least {
			t.Errorf("%s: %s %d times of 10, want %d", c.name, c.want, got, c.least)
		}
	}
}

func TestJudge_LateStep(t *testing.T) {
	t.Parallel()
	for _, at := range []float64{30, 60, 90, 105} {
		for _, height := range []float64{1, 2} {
			for seed := range uint64(4) {
				sd := 0.5 * float64(seed%3)
				c := scene{seconds: 110, unit: "count", quantum: 1, warmup: 10,
					value: func(r *rand.Rand, t float64) float64 {
						return math.Round(210+sd*r.NormFloat64()) + height*step(t >= at)
					}}
				if v := (Judge{}).Judge(c.question(seed)); v.State == soak.Leaking {
					t.Errorf("a step of %v at %v s: %s", height, at, v.Reason)
				}
			}
		}
	}
}

func TestJudge_WarmupBetweenFirstRests(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]float64{"pools built under the first load": 60, "nothing": 8} {
		c := scene{seconds: 600, unit: "count", quantum: 1, warmup: 30, rest: []float64{0, 120, 240, 360, 480, 595},
			value: counts(210, 30), atRest: func(t float64) float64 { return 8 + (value-8)*step(t > 0) }}
		v := Judge{}.Judge(c.question(1))
		if v.State != soak.Clean || v.Evidence != "rest" {
			t.Errorf("%s: %s by %s: %s", name, v.State, v.Evidence, v.Reason)
		}
	}
}

func TestJudge_EmptyQuestion(t *testing.T) {
	t.Parallel()
	v := Judge{}.Judge(soak.Question{})
	if v.State != soak.Inconclusive || v.Reason == "" || !math.IsNaN(float64(v.Slope)) {
		t.Errorf("%+v", v)
	}
}

// leak is a plain one: 1 MiB an hour on 100 MiB for six hours.
func leak() soak.Question {
	s := soak.Series{Metric: soak.Metric{Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge}}
	r := rand.New(rand.NewPCG(5, 6))
	q := soak.Question{Limit: math.NaN()}
	for i := range 1440 {
		at := time.Duration(i) * 15 * time.Second
		s.At = append(s.At, at)
		s.Value = append(s.Value, (100+at.Hours()+0.2*r.NormFloat64())*(1<<20))
		q.Operations.At = append(q.Operations.At, at)
		q.Operations.Value = append(q.Operations.Value, 100*at.Seconds())
	}
	q.Series = s
	return q
}

func TestJudge_LeakFields(t *testing.T) {
	t.Parallel()
	q := leak()
	q.Limit = 112 << 20
	v := Judge{}.Judge(q)
	if v.State != soak.Leaking || v.Evidence != "load" || v.P > 1e-6 || !strings.Contains(v.Reason, "MiB/h") {
		t.Fatalf("%+v", v)
	}
	near := func(what string, got, want, within float64) {
		if math.Abs(got-want) > within {
			t.Errorf("%s is %v, want %v ± %v", what, got, want, within)
		}
	}
	const mib = 1 << 20
	near("slope", float64(v.Slope)/mib, 1, 0.02)
	near("growth per operation", float64(v.PerOperation)*360000/mib, 1, 0.02)
	near("exhaustion", v.Exhaustion.At.Hours(), 12, 0.7)
	if !(v.Lo < v.Slope && v.Slope < v.Hi) || !(v.Exhaustion.Lo < v.Exhaustion.At && v.Exhaustion.At < v.Exhaustion.Hi) {
		t.Errorf("intervals: %+v", v)
	}
}

func TestJudge_Tolerance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		q    soak.Quantity
		want soak.State
	}{
		{soak.Quantity{Value: 2 << 20, Per: soak.PerHour}, soak.Clean},
		{soak.Quantity{Value: 1 << 19, Per: soak.PerHour}, soak.Leaking},
		{soak.Quantity{Value: 7 << 20, Per: soak.PerRun}, soak.Clean},
		{soak.Quantity{Value: 5 << 20, Per: soak.PerRun}, soak.Leaking},
		{soak.Quantity{Value: 0.015, Percent: true, Per: soak.PerHour}, soak.Clean},
		{soak.Quantity{Value: 0.005, Percent: true, Per: soak.PerHour}, soak.Leaking},
		{soak.Quantity{Value: 4, Per: soak.PerOperation}, soak.Clean},
		{soak.Quantity{Value: 2, Per: soak.PerOperation}, soak.Leaking},
	} {
		q := leak()
		q.Tolerance = c.q
		if v := (Judge{}).Judge(q); v.State != c.want {
			t.Errorf("tolerance %+v: %s, want %s: %s", c.q, v.State, c.want, v.Reason)
		}
	}
}

func TestJudge_FollowsOperationsOrTime(t *testing.T) {
	t.Parallel()
	for _, want := range []soak.Follows{soak.FollowsOperations, soak.FollowsTime} {
		r := rand.New(rand.NewPCG(8, 9))
		q := soak.Question{Limit: math.NaN(), Series: gauge()}
		done := 0.0
		for i := range 7200 {
			at := seconds(float64(i))
			rate := []float64{1, 1.3, 1, 0.7}[i/600%4]
			if i%600 == 0 {
				q.Phases = append(q.Phases, soak.Phase{Name: "steady", From: at, To: at + 10*time.Minute, Rate: rate})
			}
			done += 200 * rate
			growing := done / 10000
			if want == soak.FollowsTime {
				growing = float64(i) / 50
			}
			q.Series.At, q.Series.Value = append(q.Series.At, at), append(q.Series.Value, 100+math.Floor(growing)+10*rate+math.Round(r.NormFloat64()))
			q.Operations.At, q.Operations.Value = append(q.Operations.At, at), append(q.Operations.Value, done)
		}
		v := Judge{}.Judge(q)
		if v.State != soak.Leaking || v.Follows != want || math.Abs(float64(v.PerOperation)-1e-4) > 1e-5 {
			t.Errorf("%s: %s follows %q, %.3g per operation: %s", want, v.State, v.Follows, v.PerOperation, v.Reason)
		}
	}
}

// At a constant rate, operations that are read a little early or late do not show
// what exact growth follows.
func TestJudge_FollowsNothingAtConstantRate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		length := []int{120, 600, 3600}[seed%3]
		q := soak.Question{Limit: math.NaN(), Series: gauge(), Phases: []soak.Phase{{Name: soak.PhaseSteady, To: seconds(float64(length)), Rate: 1}}}
		for i := range length {
			at, early := seconds(float64(i)), 0.3*r.Float64()
			if seed%2 == 0 { // two clocks of a second that drift apart
				early = math.Mod(0.013*float64(i), 1)
			}
			q.Series.At, q.Series.Value = append(q.Series.At, at), append(q.Series.Value, float64(7+20*i))
			q.Operations.At, q.Operations.Value = append(q.Operations.At, at), append(q.Operations.Value, math.Floor(20*(float64(i)+early)))
		}
		if v := (Judge{}).Judge(q); v.State != soak.Leaking || v.Follows != "" {
			t.Errorf("seed %d: %s follows %q: %s", seed, v.State, v.Follows, v.Reason)
		}
	}
}

func TestDetected_MatchesLooks(t *testing.T) {
	t.Parallel()
	q := leak()
	at, ok := Detected(q)
	if !ok || at < 5*time.Minute || at > 4*time.Hour {
		t.Errorf("detected at %v, %v", at, ok)
	}
	reduced := q
	reduced.Series = Reduce(q.Series)
	if again, _ := Detected(reduced); again != at {
		t.Errorf("a reduced series gives %v, a raw one %v", again, at)
	}
	if at, ok := Detected(soak.Question{Series: gauge(1, 1, 1), Limit: math.NaN()}); ok {
		t.Errorf("three still samples were a leak at %v", at)
	}
}

func TestJudge_Deterministic(t *testing.T) {
	t.Parallel()
	q := leak()
	a, b := Judge{}.Judge(q), Judge{}.Judge(q)
	if a.P != b.P || a.Slope != b.Slope || a.Reason != b.Reason {
		t.Error("the same question got two answers")
	}
}

func TestJudge_CleanReason(t *testing.T) {
	t.Parallel()
	r := newRand(8)
	s := gauge()
	for i := range 400 {
		s.At, s.Value = append(s.At, time.Duration(i)*time.Minute), append(s.Value, 1000+5*r.NormFloat64())
	}
	q := soak.Question{Series: s, Limit: math.NaN()}
	v := Judge{}.Judge(q)
	if v.State != soak.Clean || !strings.Contains(v.Reason, "(99 % confidence); "+human.Amount(v.MinDetectable, "")+"/h or more would have been called a leak") {
		t.Errorf("%s: %s (%.3g)", v.State, v.Reason, v.MinDetectable)
	}
	q.Tolerance = soak.Quantity{Value: 10, Per: soak.PerHour}
	if v = (Judge{}).Judge(q); v.State != soak.Clean || !strings.Contains(v.Reason, ", 10/h tolerated") {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
	for i := range s.Value {
		s.Value[i] += 400 * r.NormFloat64()
	}
	q.Tolerance = soak.Quantity{}
	if v = (Judge{}).Judge(q); v.State != soak.Inconclusive || !strings.Contains(v.Reason, "clean allows 7.") || v.Needed == 0 || !strings.Contains(v.Reason, "; about "+human.Roughly(v.Needed)+" at this noise would decide") {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
}

// A lifetime in which nothing moves is too short to contradict slow growth in the
// other one, and has no models to compare.
func TestJudge_FlatLifetimeNextToGrowth(t *testing.T) {
	t.Parallel()
	s := gauge()
	r := newRand(1)
	for i := range 6600 {
		v := 10.0
		if i >= 600 {
			v = math.Floor(10 + 0.05*float64(i-600)/60 + r.Float64())
		}
		s.At, s.Value = append(s.At, time.Duration(i)*time.Minute), append(s.Value, v)
	}
	s.Breaks = []time.Duration{600 * time.Minute}
	v := Judge{}.Judge(soak.Question{Series: s, Limit: math.NaN(), Phases: steadily})
	if v.State != soak.Leaking {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
}

// A gap that is longer than all that was measured is named, and not called a restart.
func TestJudge_NamesAGap(t *testing.T) {
	t.Parallel()
	q, r := soak.Question{Limit: math.NaN()}, newRand(1)
	for i := range 1000 {
		q.Series.At = append(q.Series.At, seconds(10*float64(i)+1e7*step(i >= 500)))
		q.Series.Value = append(q.Series.Value, 100+r.NormFloat64())
	}
	if v := (Judge{}).Judge(q); v.State != soak.Inconclusive || !strings.Contains(v.Reason, "no samples for ") {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
}
