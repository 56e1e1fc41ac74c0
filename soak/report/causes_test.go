package report

import (
	"testing"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/judge"
)

// A finding, a verdict and a statement about the same growth must not contradict each
// other.
func TestReport_FollowsFinding(t *testing.T) {
	time := cause.Kind{What: soak.FollowsTime}
	operations := cause.Kind{What: soak.FollowsOperations, Load: "http"}
	for what, c := range map[string]struct {
		with cause.With
		want soak.Follows
	}{
		"cannot be distinguished": {cause.With{Rivals: []cause.Kind{time, operations}}, ""},
		"operations":              {cause.With{Only: true, Named: []cause.Kind{operations}}, soak.FollowsOperations},
		"time":                    {cause.With{Only: true, Named: []cause.Kind{time}}, soak.FollowsTime},
		"perhaps time":            {cause.With{Named: []cause.Kind{time}}, ""},
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
