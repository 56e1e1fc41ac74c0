package judge

import (
	"math"
	"strings"
	"testing"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

func verdict(state soak.State, slope, lo, hi soak.Float) soak.Verdict {
	return soak.Verdict{State: state, Growth: soak.Growth{Slope: slope, Lo: lo, Hi: hi, PerOperation: soak.Float(nan)}}
}

func TestStatements_MemoryAgreesWithVerdicts(t *testing.T) {
	const mib = 1 << 20
	clean := verdict(soak.Clean, 0, -mib/10, mib/10)
	grows := verdict(soak.Leaking, 10*mib, 9*mib, 11*mib)
	aside := func(hi soak.Float) soak.Verdict { return verdict(soak.NotJudged, hi/2, 0, hi) }
	for _, c := range []struct {
		what              string
		heap, native, rss soak.Verdict
		want              StatementKind
	}{
		{"nothing grows", clean, clean, aside(1), ""},
		{"the resident set alone", clean, clean, aside(900 * mib), ""},
		{"native memory", clean, grows, aside(11 * mib), OutsideHeap},
		{"native memory and the heap", grows, grows, aside(22 * mib), OutsideHeap},
		{"the heap alone", grows, clean, aside(3 * mib), HeapFirst},
		{"the heap, and the resident set with it", grows, clean, aside(11 * mib), ""},
	} {
		judged := []Judged{{ID: name("target", "go_heap_live_bytes"), Verdict: c.heap}, {ID: name("target", "native_bytes"), Verdict: c.native}, {ID: name("target", "rss_bytes"), Verdict: c.rss}}
		got := StatementKind("")
		for _, s := range Statements(memory{}, Run{}, judged, detect.Judge{}) {
			got += s.Kind
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestStatements_Follows(t *testing.T) {
	for bound, want := range map[soak.Follows]string{"": "", "sessions": "per connection", "operations": "one in 10,000 operations", "time": "72/h"} {
		v := verdict(soak.Leaking, 72, 70, 74)
		v.PerOperation, v.Follows = 1e-4, bound
		got := Statements(memory{}, Run{}, []Judged{{ID: name("target", "fds"), Metric: soak.Metric{Unit: "count"}, Verdict: v}}, detect.Judge{})
		if (len(got) == 0) != (want == "") || want != "" && !strings.Contains(got[0].Text, want) {
			t.Errorf("%q: %+v", bound, got)
		}
		v.State = soak.Clean
		if got := Statements(memory{}, Run{}, []Judged{{ID: name("target", "fds"), Verdict: v}}, detect.Judge{}); len(got) > 0 {
			t.Errorf("%q: of a clean series: %+v", bound, got)
		}
	}
}

// A quarter of an hour of steady load with two rests, real series and the real
// detector.
func TestStatements_LatencyAndThroughput(t *testing.T) {
	const end = 900
	run := Run{End: end * time.Second, Plan: soak.Plan{Duration: end * time.Second, Load: []soak.Workload{{Name: "a", Rate: 200}}}}
	for _, at := range []int{0, 300, 600} {
		run.Events = append(run.Events, phase("steady", at+10), phase("rest", at+300))
	}
	jitter := func(i int) float64 { return math.Mod(float64(i)*0.618034, 1) - 0.5 }
	latency := func(growth float64) func(int) float64 {
		return func(i int) float64 { return 0.002 + growth*float64(i)/end + 0.0004*jitter(i) }
	}
	done := func(loss float64) func(int) float64 { // a counter that pauses at rest
		return func(i int) float64 {
			busy := float64(i/300*290 + max(0, i%300-10))
			return math.Floor(200*busy - loss*100*busy*busy/end)
		}
	}
	const p99, ops = `latency_seconds{load="a",q="0.99"}`, `operations_total{load="a"}`
	for _, c := range []struct {
		what         string
		growth, loss float64
		want         StatementKind
	}{
		{"nothing creeps", 0, 0, ""},
		{"2 ms become 3 ms", 0.001, 0, LatencyCreeps},
		{"a rise of 2 % is not worth reporting", 0.00004, 0, ""},
		{"a quarter of the rate is lost", 0, 0.25, RateFalls},
	} {
		h := memory{}
		for metric, value := range map[string]func(int) float64{p99: latency(c.growth), ops: done(c.loss)} {
			s := every(metric, 0, end, value)
			s.ID.Process, s.Metric.Unit = soak.RoleDriver, "seconds"
			if metric == ops {
				s.Metric.Unit, s.Metric.Kind = "count", soak.Counter
			}
			h[name(soak.RoleDriver, metric)] = Steady(s, Phases(run.Plan.Load, run.Events, run.End))
		}
		got := StatementKind("")
		for _, s := range Statements(h, run, nil, detect.Judge{}) {
			got += s.Kind
			t.Log(c.what, ": ", s.Text)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
