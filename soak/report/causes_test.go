package report

import (
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/judge"
)

// A finding, a verdict and a statement about the same growth must not contradict each
// other.
func TestReport_FollowsFinding(t *testing.T) {
	byTime := cause.Kind{What: soak.FollowsTime}
	operations := cause.Kind{What: soak.FollowsOperations, Load: "http"}
	for what, c := range map[string]struct {
		with cause.With
		want soak.Follows
	}{
		"cannot be distinguished": {cause.With{Rivals: []cause.Kind{byTime, operations}}, ""},
		"operations":              {cause.With{Only: true, Named: []cause.Kind{operations}}, soak.FollowsOperations},
		"time":                    {cause.With{Only: true, Named: []cause.Kind{byTime}}, soak.FollowsTime},
		"perhaps time":            {cause.With{Named: []cause.Kind{byTime}}, ""},
		"neither":                 {cause.With{}, ""},
	} {
		f := cause.Finding{Process: soak.RoleTarget, Metric: "fds", With: &c.with}
		r := Report{Findings: []cause.Finding{f}, Series: []Series{{Process: soak.RoleTarget, Metric: "fds", Growth: soak.Growth{Follows: soak.FollowsTime}}}}
		r.follow(f)
		if got := r.Series[0].Follows; got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
		if s := (judge.Statement{Kind: judge.PerHour, Process: soak.RoleTarget, Metrics: []string{"fds"}}); !r.superseded(s) {
			t.Errorf("%s: the statement remains", what)
		}
	}
}

func TestCauses_HeadSaysWhatHasPlace(t *testing.T) {
	place := cause.Culprit{Function: "main.keep", File: "/src/keep.go", Line: 12, Share: 0.97}
	suspect := place
	suspect.Suspect = true
	kind := cause.Culprit{Kind: "the malloc heap", Share: 1, Detail: "the malloc heap: 4 MiB → 64 MiB"}
	for _, c := range []struct {
		explained   soak.Float
		culprit     cause.Culprit
		head, words string
	}{
		{0.97, place, "rss_bytes +60/h: 97 % explained", "main.keep  keep.go:12"},
		{soak.Float(nan), suspect, "rss_bytes +60/h: a suspect, not certain", "△ suspect: main.keep  keep.go:12"},
		{soak.Float(nan), kind, "rss_bytes +60/h: kind: the malloc heap; no place known", "the malloc heap: 4 MiB → 64 MiB"},
	} {
		f := cause.Finding{Metric: "rss_bytes", Unit: "count", Slope: 60, Explained: c.explained, Culprits: []cause.Culprit{c.culprit}}
		if got := (Report{Findings: []cause.Finding{f}}).Causes()[0]; got.Head != c.head || got.Culprits[0].Place != c.words {
			t.Errorf("%+v, want %s: %s", got, c.head, c.words)
		}
	}
}

func TestBuilder_OpenEndsBeforeDrain(t *testing.T) {
	s := time.Second
	b := builder{phases: []soak.Phase{{Name: soak.PhaseBaseline, To: 8 * s}, {Name: soak.PhaseWarmup, From: 8 * s, To: 20 * s}, {Name: soak.PhaseSteady, From: 20 * s, To: 90 * s}, {Name: soak.PhaseRest, From: 90 * s, To: 99 * s}, {Name: soak.PhaseDrain, From: 99 * s, To: 110 * s}}}
	if from, to := b.open(); from != 8*s || to != 99*s {
		t.Errorf("%v to %v", from, to)
	}
}
