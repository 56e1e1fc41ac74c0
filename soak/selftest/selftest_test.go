package selftest

import (
	"math"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/report"
)

// ran is a report as a run makes it: with the leaks of a dose planted, and each
// series found or not.
func ran(t *testing.T, d *dose, verdict soak.State, found ...string) report.Report {
	t.Helper()
	r := report.Report{Verdict: verdict, Load: []report.Load{{Achieved: 200}}, Reasons: []string{"why"}}
	r.ExitCode = map[soak.State]int{soak.Clean: 0, soak.Leaking: 1, soak.Inconclusive: 3}[verdict]
	if d != nil {
		leaks, err := parseLeaks(d.leaks(36_000))
		if err != nil {
			t.Fatal(err)
		}
		r.Plan.Target.Leaks = leaks
	}
	for _, s := range shows {
		one := report.Series{Process: soak.RoleTarget, Metric: s.metric, Unit: "count", Verdict: soak.Inconclusive, Growth: soak.Growth{MinDetectable: 1e12}, Reason: "too short"}
		if slices.Contains(found, s.metric) {
			one.Verdict = soak.Leaking
		}
		r.Series = append(r.Series, one)
	}
	return r
}

func TestAssess_Outcomes(t *testing.T) {
	everything := []string{"fds", "goroutines", "threads", "zombies", "go_heap_live_bytes"}
	large, small := &doses[0], &doses[3]
	good := func() []report.Report {
		return []report.Report{ran(t, large, soak.Leaking, everything...), ran(t, small, soak.Leaking, "fds")}
	}
	control := ran(t, nil, soak.Clean)
	dead, mute, unsure := ran(t, nil, soak.Inconclusive), ran(t, nil, soak.Clean), ran(t, small, soak.Inconclusive)
	dead.ExitCode, mute.Series = report.ExitDead, mute.Series[1:]
	unsure.Series[0].MinDetectable = 1
	for name, c := range map[string]struct {
		control report.Report
		leaking []report.Report
		code    int
		silent  bool
		says    string
	}{
		"all found":                {control, good(), 0, true, ""},
		"control undecided":        {ran(t, nil, soak.Inconclusive), good(), 0, true, ""},
		"control blamed":           {ran(t, nil, soak.Leaking, "fds"), good(), 1, false, "not silent: why"},
		"control without load":     {dead, good(), 1, false, "not silent: why"},
		"control without a series": {mute, good(), 1, false, "fds was not judged"},
		"largest missed":           {control, []report.Report{ran(t, large, soak.Leaking, everything[1:]...), ran(t, small, soak.Leaking, "fds")}, 1, true, "fds: the largest planted leak was not found: too short"},
		"nothing ran":              {control, nil, 1, true, "there was no run"},
		"missed above the limit":   {control, append(good(), unsure), 0, true, "fds: 120/h was planted and not found, though from 1/h on"},
	} {
		t.Run(name, func(t *testing.T) {
			got := assess(c.control, c.leaking)
			text := text(got)
			if got.ExitCode != c.code || got.Silent != c.silent || !strings.Contains(text, c.says) || strings.Contains(text, "FAILED") != (c.code != 0) {
				t.Errorf("exit code %d, silent %v:\n%s", got.ExitCode, got.Silent, text)
			}
		})
	}
	got := assess(control, good())
	fds, goroutines := got.Resources[0], got.Resources[1]
	if off(fds.Smallest, 120) > 1e-9 || off(goroutines.Smallest, 7200+720) > 1e-9 || off(fds.Planted[0].Rate, 7200) > 1e-9 {
		t.Errorf("fds %+v, goroutines %+v", fds, goroutines)
	}
}

func TestDoses_FallAndCanBePlanted(t *testing.T) {
	for _, operations := range []float64{8000, 40_000, 17_280_000} {
		before := map[string]float64{}
		for i, d := range doses {
			for _, text := range d.leaks(operations) {
				l, err := plan.ParseLeak(text)
				if err != nil {
					t.Fatal(err)
				}
				rate := l.Amount / float64(l.Operations)
				if i > 0 && rate >= before[l.Kind] {
					t.Errorf("over %v operations: dose %d of %s is no smaller than the one before: %s", operations, i, l.Kind, text)
				}
				before[l.Kind] = rate
			}
		}
	}
}

func TestAssess_UnplantedLeak(t *testing.T) {
	l, err := plan.ParseLeak("fd=1/10op")
	if err != nil {
		t.Fatal(err)
	}
	r := report.Report{
		Load: []report.Load{{Achieved: 100}}, Series: []report.Series{{Process: soak.RoleTarget, Metric: "fds", Verdict: soak.Leaking}},
		Plan: soak.Plan{Target: soak.Target{Leaks: []soak.Leak{l}}}, Unplanted: []report.Unplanted{{Kind: "fd", Steps: 10, Why: "too many open files"}},
	}
	if p := plantedIn(r, "fds", []string{"fd"}); p.Found || !math.IsNaN(float64(p.Rate)) {
		t.Errorf("%+v", p)
	}
	if got := assess(r, []report.Report{r}); !slices.ContainsFunc(got.Problems, func(s string) bool { return strings.Contains(s, "not planted: 10 or more steps") }) {
		t.Errorf("%q", got.Problems)
	}
}

func parseLeaks(texts []string) (all []soak.Leak, err error) {
	for _, text := range texts {
		l, err := plan.ParseLeak(text)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// off is how far a is from b, as a share of b.
func off(a, b soak.Float) float64 { return math.Abs(float64(a/b) - 1) }
