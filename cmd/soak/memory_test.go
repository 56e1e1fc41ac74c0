package main

import (
	"slices"
	"testing"

	"soakmon/soak"
	"soakmon/soak/judge"
	"soakmon/soak/report"
)

// A server that frees its memory is distinguished from one that leaks: its resident set
// grew, its live heap did not, and the runtime keeps the rest. Few profiles have
// the collector run in between.
func (c cages) freeSpansAreToldAndAreNoLeak(t *testing.T) {
	r, _ := soakJSON(t, "run", c.plan(t, animal{}, "garbage", "duration: 50s\nwarmup: 6s\nrest: {settle: 3s}", 20), "--dir", t.TempDir())
	if r.Verdict == soak.Leaking || len(r.Findings) > 0 {
		t.Errorf("%s; %v", said(r), r.Reasons)
	}
	if !slices.ContainsFunc(r.Statements, func(s judge.Statement) bool { return s.Kind == report.FreeSpans }) || r.Memory == nil {
		t.Fatalf("free spans are not reported: %+v, %+v", r.Statements, r.Memory)
	}
	part := func(name string) float64 {
		p, _ := r.Memory.Part(name)
		return float64(p.Late)
	}
	if kept := part("kept"); kept < 64<<20 || part("live_heap") > 32<<20 || part("native") > part("rss")/5 {
		t.Errorf("kept %v: %+v", kept, r.Memory.Parts)
	}
}
