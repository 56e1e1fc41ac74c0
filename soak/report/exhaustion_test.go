package report

import (
	"strings"
	"testing"

	"soakmon/soak"
)

func TestExhaustion_EarliestOnlyIfItDiffers(t *testing.T) {
	for low, want := range map[soak.Float]bool{404: false, 403.8: false, 390: true} {
		s := Series{Unit: "count", Verdict: soak.Leaking}
		s.Exhaustion = &Exhausted{Limit: 1020, At: 404, Low: low}
		if got := exhaustion(s); strings.Contains(got, "at the earliest") != want {
			t.Errorf("earliest %v s: %q", low, got)
		}
	}
}

func TestErrorExamples_NameTheError(t *testing.T) {
	l := Load{Errors: map[string]int64{"status": 12320, "timeout": 2}, Examples: map[string]string{"status": "HTTP 404"}}
	if got, want := errorExamples(l), " (12,320 × status: HTTP 404; 2 × timeout)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
