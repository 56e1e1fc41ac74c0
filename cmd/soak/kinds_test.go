package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Two loads with dirty sessions, of which one kind leaks a descriptor each.
const dirtyPlan = `
duration: 50s
warmup: 5s
rest: {settle: 3s}
target: {embedded: "tcp,http", leak: [fd=1/dirty]}
load:
- {protocol: tcp, rate: 200, payload: 1KiB, concurrency: 20, requests_per_session: 5, dirty: {abort: 10%}}
- {protocol: http, rate: 200, payload: 1KiB, concurrency: 20, requests_per_session: 5, dirty: {rst: 10%}}
`

func writePlan(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The kind of dirty sessions that leaks is told from time, from operations and
// from the other kind, though the load is constant.
func TestALeakIsPutDownToTheKindOfSessionThatItGrowsWith(t *testing.T) {
	r, _ := soakJSON(t, "run", writePlan(t, dirtyPlan), "--dir", t.TempDir())
	for _, f := range r.Findings {
		if f.Metric != "fds" {
			continue
		}
		w := f.With
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
