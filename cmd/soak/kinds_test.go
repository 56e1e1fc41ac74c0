package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"soakmon/soak/report"
)

// Two loads with dirty sessions, of which one kind leaks a descriptor each.
const dirtyPlan = `
duration: 50s
warmup: 5s
rest: {settle: 3s}
target: {embedded: "tcp,http", leak: [fd=1/dirty]}
load:
- {protocol: tcp, rate: 200, payload: 1KiB, concurrency: 20, requests_per_session: 5, dirty: {abort: 30%}}
- {protocol: http, rate: 200, payload: 1KiB, concurrency: 20, requests_per_session: 5, dirty: {rst: 30%}}
`

func writePlan(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The kind of dirty sessions that leaks is distinguished from time, from
// operations and from the other kind, though the load is constant.
func TestRun_AttributesLeakToKindOfSession(t *testing.T) {
	t.Parallel()
	r, _ := soakJSON(t, "run", writePlan(t, dirtyPlan), "--dir", t.TempDir())
	for _, f := range r.Findings {
		if f.Metric != "fds" {
			continue
		}
		w := f.With
		if r.CPU.Starved && w != nil && len(w.Named) == 0 && len(w.Not) == 0 {
			t.Logf("without CPU time the tallies come too late to distinguish causes: %s", w.Sentence)
			return // it blames nothing
		}
		if w == nil || !w.Only || len(w.Named) != 1 || w.Named[0].Dirty != "abort" || w.Named[0].Load != "tcp" {
			t.Fatalf("the fds grow with %+v", w)
		}
		if k := w.Named[0]; k.Each < 0.8 || k.Each > 1.2 || k.Share < 0.8 {
			t.Errorf("%+v", k)
		}
		t.Log(w.Sentence)
		return
	}
	t.Fatalf("no finding on the fds: %s, %v", r.Verdict, r.Reasons)
}

// Three loads that run alone in turns: the dirty sessions of one of them leak.
const isolatedPlan = `
duration: 65s
warmup: 5s
rest: {settle: 3s}
isolate: true
target: {embedded: "socks,tcp,http", leak: [fd=1/dirty]}
load:
- {protocol: socks, rate: 100, payload: 1KiB, concurrency: 10, requests_per_session: 5, dirty: {rst: 10%}}
- {protocol: tcp, rate: 200, payload: 1KiB, concurrency: 10, requests_per_session: 5, dirty: {abort: 10%}}
- {protocol: http, rate: 100, payload: 1KiB, concurrency: 10, requests_per_session: 5, dirty: {rst: 10%}}
`

func TestRun_IsolateNamesLeakingLoad(t *testing.T) {
	t.Parallel()
	r, code := soakJSON(t, "run", writePlan(t, isolatedPlan), "--dir", t.TempDir())
	if code == report.ExitClean || code == report.ExitError {
		t.Errorf("exit code %d: %v", code, r.Reasons)
	}
	for _, l := range r.Load { // each ran for a third of the time, and the warm-up
		if want := map[string]float64{"tcp": 200}[l.Name] + map[string]float64{"socks": 100, "http": 100}[l.Name]; l.Planned > 0.45*want || l.Achieved < 0.8*l.Planned {
			t.Errorf("load %s: %.4g/s planned, %.4g/s achieved", l.Name, l.Planned, l.Achieved)
		}
	}
	for _, i := range r.Isolation {
		if i.Metric != "fds" {
			continue
		}
		t.Log(i.Sentence, i.Lines())
		if i.Sentence != "fds grow only while tcp runs" || !slices.Equal(i.Grows, []string{"tcp"}) {
			t.Errorf("%+v", i)
		}
		// Sessions of five, one in ten of which leaks one: 0.02 an operation, or more
		// where a busy machine cuts sessions short. The tally knows.
		tally := r.Load[slices.IndexFunc(r.Load, func(l report.Load) bool { return l.Name == "tcp" })]
		leaked := float64(tally.Dirty) / float64(tally.Operations)
		t.Logf("%d dirty sessions in %d operations: %.4g", tally.Dirty, tally.Operations, leaked)
		if tcp := i.Loads[1]; math.Abs(float64(tcp.PerOperation)/leaked-1) > 0.35 || leaked < 0.018 {
			t.Errorf("%+v, and %.4g leaked an operation", tcp, leaked)
		}
		return
	}
	t.Errorf("nothing is reported of the fds: %s, %v", r.Verdict, r.Reasons)
}
