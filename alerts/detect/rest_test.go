package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"soakmon/soak"
)

// tenMinutes is a default run of ten minutes at 200 operations a second: a rest
// after each 100 s of load, two at the end. Each operation leaks perOperation; at
// rest some sessions are open, each holding one of the counted things, and now
// and then a straggler is left.
func tenMinutes(seed uint64, perOperation float64) soak.Question {
	const load, pause, rewarm = 100, 7, 5
	r := rand.New(rand.NewPCG(seed, 3))
	q := soak.Question{Limit: math.NaN(), Family: 20, Series: soak.Series{Metric: soak.Metric{Name: "fds", Unit: "count", Quantum: 1}}}
	done, at := 0.0, 12.0
	reading := func(open int64) {
		value := 8 + float64(open) + math.Floor(done*perOperation) + step(r.Float64() < .1)
		q.Rest = append(q.Rest, soak.RestPoint{At: seconds(at), Value: value, Open: open, Forced: true})
	}
	reading(0)
	for k := range 6 {
		warm := at + rewarm
		if k == 0 {
			warm = at + load
		}
		q.Phases = append(q.Phases, soak.Phase{Name: "warmup", From: seconds(at), To: seconds(warm), Rate: 1}, soak.Phase{Name: "steady", From: seconds(warm), To: seconds(at + load), Rate: 1})
		for end := at + load; at < end; at++ {
			if at >= warm {
				q.Series.At = append(q.Series.At, seconds(at))
				q.Series.Value = append(q.Series.Value, 8+math.Round(195+3*r.NormFloat64())+math.Floor(done*perOperation))
			}
			q.Operations.At, q.Operations.Value = append(q.Operations.At, seconds(at)), append(q.Operations.Value, done)
			done += 200
		}
		q.Phases = append(q.Phases, soak.Phase{Name: "rest", From: seconds(at), To: seconds(at + pause)})
		at += pause
		reading(int64(185 + r.IntN(11)))
	}
	at += pause
	reading(0)
	q.Look = Looks(seconds(at))
	return q
}

func TestJudge_OneInTenThousandOperations(t *testing.T) {
	t.Parallel()
	n := uint64(20)
	if *eval {
		n = 2000
	}
	found, alarms := 0, 0
	for seed := range n {
		v := Judge{}.Judge(tenMinutes(seed, 1e-4))
		if v.State == soak.Leaking {
			found++
			if math.Abs(float64(v.PerOperation)-1e-4) > 2e-5 {
				t.Errorf("seed %d: %.3g an operation", seed, v.PerOperation)
			}
		} else if found < 5 || *verbose {
			t.Logf("seed %d: %s: %s", seed, v.State, v.Reason)
		}
		if v := (Judge{}).Judge(tenMinutes(seed, 0)); v.State != soak.Clean {
			alarms++
			t.Logf("seed %d without a leak: %s: %s", seed, v.State, v.Reason)
		}
	}
	t.Logf("found %d of %d; without a leak %d are not clean", found, n, alarms)
	if 100*found < 99*int(n) || alarms > 0 {
		t.Errorf("found %d of %d; without a leak %d are not clean", found, n, alarms)
	}
}

func TestAtRest_LeavesOutReadingBeforeLoad(t *testing.T) {
	t.Parallel()
	var rest []soak.RestPoint
	for i, v := range []float64{8, 60, 61, 62, 63} {
		rest = append(rest, soak.RestPoint{At: time.Duration(i) * time.Hour, Value: v})
	}
	r, ok := atRest(rest, time.Minute, 1, true)
	if !ok || math.Abs(r.trend.slope-1) > 1e-9 || !r.sustained || r.unchanged {
		t.Errorf("%+v", r)
	}
}

func TestAtRest_OpenSessions(t *testing.T) {
	t.Parallel()
	var flat, growing []soak.RestPoint
	for i, open := range []int64{185, 187, 188, 190, 193, 195, 0} {
		at := time.Duration(i) * time.Hour
		flat = append(flat, soak.RestPoint{At: at, Value: 8 + 2*float64(open), Open: open})
		growing = append(growing, soak.RestPoint{At: at, Value: 8 + 2*float64(open) + 5*float64(i), Open: open})
	}
	for want, rest := range map[float64][]soak.RestPoint{0: flat, 5: growing} {
		r, ok := atRest(rest, -time.Minute, 1, true)
		if !ok || math.Abs(r.trend.slope-want) > 1e-6 {
			t.Errorf("growth %v, want %v", r.trend.slope, want)
		}
	}
}

func TestAtRest_GrowthReturnsWithSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		counts bool
		last   float64
		want   bool
	}{
		{"counts that the sessions held", true, 8, true},
		{"counts that stay", true, 8 + 50, false},
		{"bytes that the sessions held, but for some warm-up", false, 8 + 12, true},
		{"bytes that stay", false, 8 + 50, false},
	} {
		rest := []soak.RestPoint{{Value: 8}}
		for i := range 6 {
			rest = append(rest, soak.RestPoint{At: time.Duration(1+i) * time.Hour, Value: 8 + 190 + 10*float64(i), Open: 190})
		}
		rest = append(rest, soak.RestPoint{At: 6*time.Hour + time.Minute, Value: c.last})
		r, ok := atRest(rest, time.Minute, 1, c.counts)
		if !ok || math.Abs(r.trend.slope-10) > 0.5 || r.returned != c.want {
			t.Errorf("%s: slope %v, per connection: %v", c.name, r.trend.slope, r.returned)
		}
	}
}

// The samples under load scatter widely, the readings at rest are equal: the figures
// must be those of the evidence that decided, not those of the noise.
func TestJudge_StatesFiguresOfDecidingEvidence(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	q := soak.Question{Limit: math.NaN(), Series: soak.Series{Metric: soak.Metric{Name: "fds", Unit: "count", Quantum: 1}}}
	q.Phases = []soak.Phase{{Name: "steady", From: seconds(10), To: seconds(70), Rate: 1}}
	for i := 10; i < 70; i++ {
		q.Series.At, q.Series.Value = append(q.Series.At, seconds(float64(i))), append(q.Series.Value, math.Round(200+30*r.NormFloat64()))
	}
	for _, at := range []float64{5, 75, 90} {
		q.Rest = append(q.Rest, soak.RestPoint{At: seconds(at), Value: 8})
	}
	v := Judge{}.Judge(q)
	if v.State != soak.Clean || v.Evidence != soak.EvidenceRest {
		t.Fatalf("%s on %s: %s", v.State, v.Evidence, v.Reason)
	}
	if step := soak.Float(3600. / 85); v.Slope != 0 || math.Abs(float64(v.Hi-step)) > 1e-6 || v.Lo != -v.Hi || v.P < suspicion {
		t.Errorf("slope %v (%v to %v), p %v; want 0 ± %v, one step between two equal readings", v.Slope, v.Lo, v.Hi, v.P, step)
	}
}

// TestJudge_EqualAtRestStatesLimit of a constant quantity of which growth is tolerated:
// no less than that would have been called a leak.
func TestJudge_EqualAtRestStatesLimit(t *testing.T) {
	t.Parallel()
	const allowed = 80 << 20
	q := soak.Question{Tolerance: soak.Quantity{Value: allowed, Per: soak.PerHour}, Look: 1, Family: 8}
	q.Series.Metric = soak.Metric{Name: "native_bytes", Unit: "bytes", Quantum: 1}
	for i := range 35 {
		q.Series.At, q.Series.Value = append(q.Series.At, time.Duration(25+i)*time.Second), append(q.Series.Value, 9125888)
	}
	for _, s := range []int{13, 67, 76} {
		q.Rest = append(q.Rest, soak.RestPoint{At: time.Duration(s) * time.Second, Value: 9125888, Forced: true})
	}
	for _, q.Final = range []bool{false, true} {
		if v := (Judge{}).Judge(q); v.State != soak.Clean || !(v.MinDetectable > allowed && v.MinDetectable < 2*allowed) {
			t.Errorf("final %v: %s, at least %v detectable (%s)", q.Final, v.State, v.MinDetectable, v.Reason)
		}
	}
}
