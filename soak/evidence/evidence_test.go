package evidence

import (
	"strings"
	"testing"

	"soakmon/soak/cause"
	"soakmon/soak/report"
)

func TestReadme_NamesLeakAndProfile(t *testing.T) {
	f := cause.Finding{Resource: cause.Goroutine, Metric: "goroutines", With: &cause.With{Sentence: "grows only with aborted sessions: 1.00 goroutine each"}}
	r := report.Report{Reasons: []string{"target goroutines: rose"}, Findings: []cause.Finding{f}}
	readmeOf := func(names ...string) string {
		var b strings.Builder
		readme(&b, r, names)
		return b.String()
	}
	if text := readmeOf("profiles/heap-growth.pb.gz", "profiles/goroutine-growth.pb.gz"); !strings.Contains(text, f.With.Sentence) || !strings.Contains(text, ":0 profiles/goroutine-growth.pb.gz") {
		t.Errorf("%s", text)
	}
	if text := readmeOf(); strings.Contains(text, "pprof") {
		t.Errorf("a target without profiles: %s", text)
	}
}
