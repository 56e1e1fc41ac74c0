package judge

import (
	"testing"
	"time"

	"soakmon/soak"
)

func TestWhy(t *testing.T) {
	growth := func(lo, slope, hi soak.Float) soak.Growth {
		return soak.Growth{Slope: slope, Lo: lo, Hi: hi, MinDetectable: 12}
	}
	rests := func(values ...float64) (all []soak.RestPoint) {
		for _, v := range values {
			all = append(all, soak.RestPoint{Value: v})
		}
		return all
	}
	const mib = 1 << 20
	for _, c := range []struct {
		judged Judged
		want   string
	}{
		{Judged{Rest: rests(7, 7, 7), Verdict: soak.Verdict{State: soak.Clean, Evidence: soak.EvidenceRest, Growth: growth(-1, 0, 1)}}, "at rest: 3 readings, all equal"},
		{Judged{Rest: rests(8, 7, 7), Verdict: soak.Verdict{State: soak.Clean, Evidence: soak.EvidenceRest, Growth: growth(-1, 0, 1)}}, "at rest: 3 readings show no growth"},
		{Judged{Rest: rests(7, 7), Tolerance: 492 * mib, Metric: soak.Metric{Unit: "bytes"}, Verdict: soak.Verdict{State: soak.Clean, Evidence: soak.EvidenceLoad, Growth: growth(-1, 0, 1)}}, "at most 1 B/h, 492 MiB/h tolerated"},
		{Judged{Verdict: soak.Verdict{State: soak.Clean, Evidence: soak.EvidenceBoth, Growth: growth(-1, 0, 1)}}, "no growth under load and at rest"},
		{Judged{Verdict: soak.Verdict{State: soak.Clean, Evidence: soak.EvidenceLoad, Growth: growth(-3, -2, -1)}}, "falls under load"},
		{Judged{PartOf: "fds", Verdict: soak.Verdict{State: soak.Clean}}, "covered by fds"},
		{Judged{Verdict: soak.Verdict{State: soak.Clean, Evidence: soak.EvidenceLoad, Growth: growth(-1, 0, 1), Steps: []soak.Step{{At: time.Hour}, {At: 3 * time.Hour}}}}, "rose in 2 steps, flat since +3 h"},
		{Judged{from: time.Minute, Verdict: soak.Verdict{State: soak.Leaking, Until: 24 * time.Hour, Evidence: soak.EvidenceLoad}}, "until +24 h, shown under load"},
		{Judged{from: time.Minute, Verdict: soak.Verdict{State: soak.Leaking, Since: 2 * time.Hour, Steps: make([]soak.Step, 5), Exhaustion: soak.Exhaustion{Reached: 31 * time.Hour}}}, "since +2 h, in 5 steps, reached its limit at +31 h"},
		{Judged{from: time.Minute, Verdict: soak.Verdict{State: soak.Leaking, Since: time.Minute, Evidence: soak.EvidenceLoad}}, "throughout, shown under load"},
		{Judged{from: time.Minute, Tolerance: 3, Verdict: soak.Verdict{State: soak.Leaking, Since: 12 * time.Minute, Evidence: soak.EvidenceBoth}}, "since +12 min, shown under load and at rest; 3/h allowed"},
		{Judged{Verdict: soak.Verdict{State: soak.Inconclusive, Reason: "too noisy; over 34 s, up to 3/h", Needed: 3 * time.Hour}}, "too noisy; needs about 3 h"},
		{Judged{PartOf: "fds", Verdict: soak.Verdict{State: soak.NotJudged, Reason: "not judged: part of fds"}}, "part of fds"},
		{Judged{Verdict: soak.Verdict{State: soak.Inconclusive, Reason: "too few samples: 5"}}, "too few samples"},
		{Judged{Verdict: soak.Verdict{State: soak.Inconclusive, Reason: "rose 52 MiB/h (95 % CI 41 MiB/h to 63 MiB/h) and did not slow down: less than allowed; run for an hour"}}, "rose 52 MiB/h and did not slow down"},
		{Judged{Verdict: soak.Verdict{State: soak.NotJudged, Reason: "not judged: native_bytes shows leaks of memory, and the resident set also grows without one"}}, "native_bytes shows leaks of memory"},
	} {
		if got := c.judged.Why(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
