package report

import (
	"fmt"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// The exit codes of commands that end with a verdict, in their order of
// precedence: an error, a leak or missed rule, a dead target, inconclusive, clean.
const (
	ExitClean        = 0
	ExitLeak         = 1
	ExitError        = 2
	ExitInconclusive = 3
	ExitDead         = 4
)

// fewSamples is how many an auxiliary series needs to be judged.
const fewSamples = 30

// auxiliary reports whether a series adds a diagnosis to what others show
// already, and was read too seldom to be judged: a socket in CLOSE_WAIT is an
// fd as well, and socket tables are read once in half a minute.
func auxiliary(s Series) bool {
	return s.Rule == "" && soak.Family(s.Metric) == "sockets" && s.Points < fewSamples
}

// ours reports whether a series is one of soak's own that nobody asked for.
func ours(s Series) bool { return s.Process != soak.RoleTarget && s.Rule == "" }

// disturbs reports whether a series of soak's own grows in a way that casts
// doubt on the run. Our memory is told of, but says nothing of the target: the
// monitor maps the growing run file, and its reduced series fill up to their
// bound in the first hour.
func disturbs(s Series) bool { return ours(s) && s.Verdict == soak.Leaking && s.Unit != "bytes" }

// decide puts the verdicts of the series and the evidence together.
func decide(r *Report, b *builder) {
	leaks, open := findings(r.Series)
	r.faults, r.dead = b.faults(r)
	open = append(r.faults[:len(r.faults):len(r.faults)], open...)
	r.missed = append(firedRules(r), b.regressed(r)...)
	r.Verdict, r.ExitCode = soak.Clean, ExitClean
	if len(open)+len(r.missed) > 0 || b.run.Error != "" {
		r.Verdict, r.ExitCode = soak.Inconclusive, ExitInconclusive
	}
	if r.dead {
		r.ExitCode = ExitDead
	}
	if len(leaks) > 0 {
		r.Verdict = soak.Leaking
	}
	if len(leaks)+len(r.missed) > 0 {
		r.ExitCode = ExitLeak
	}
	if b.run.Error != "" {
		r.ExitCode = ExitError
		r.Reasons = append(r.Reasons, "the monitor failed: "+b.run.Error)
	}
	r.Reasons = append(append(append(r.Reasons, leaks...), r.missed...), open...)
	if r.Verdict == soak.Clean {
		r.Reasons = []string{cleanReason(r)}
	}
}

// findings sorts what the series show into leaks and what keeps the run from
// being clean.
func findings(all []Series) (leaks, open []string) {
	for _, s := range all {
		said := s.said()
		switch {
		case disturbs(s):
			open = append(open, fmt.Sprintf("the %s, a part of soak, grows itself: %s: %s", s.Process, s.Metric, s.Reason))
		case ours(s), s.Verdict == soak.Clean:
		case s.Verdict == soak.Leaking:
			leaks = append(leaks, said+exhaustion(s))
		case !auxiliary(s):
			open = append(open, said)
		}
	}
	return leaks, open
}

// exhaustion says when a growing series reaches its limit, if one is known.
func exhaustion(s Series) string {
	e := s.Exhaustion
	if e == nil {
		return ""
	}
	return fmt.Sprintf("; at this rate it reaches its limit of %s after %s of the run, %s at the earliest",
		human.Amount(e.Limit, s.Unit), human.Span(e.At), human.Span(e.Low))
}

// firedRules tells of rules of the plan that fired in the run, though the whole
// of it does not show a leak any more.
func firedRules(r *Report) (out []string) {
	leaking := map[string]bool{}
	for _, s := range r.Series {
		leaking[s.Rule] = leaking[s.Rule] || s.Verdict == soak.Leaking
	}
	for _, rule := range r.Plan.Rules {
		for _, a := range r.Alerts {
			if a.Rule == rule.Name && a.State == soak.Firing && !leaking[rule.Name] {
				out = append(out, fmt.Sprintf("rule %s fired at %s: %s", a.Rule, a.At.Format("15:04:05"), a.Reason))
			}
		}
	}
	return out
}

// regressed tells what is worse than in the plan's earlier runs, where the plan
// wants to know, and warns where that could not be told.
func (b *builder) regressed(r *Report) (out []string) {
	nights := b.run.Nights
	switch {
	case b.plan.Regression == 0 || b.running:
	case nights == nil:
		r.warn("the run was not compared with the earlier ones of its plan: it did not come to its end")
	case nights.Note != "":
		r.warn("%s", nights.Note)
	default:
		for _, w := range nights.Worse {
			out = append(out, "regressed: "+w.Text)
		}
	}
	return out
}

// cleanReason says what was excluded.
func cleanReason(r *Report) string {
	n, aside := 0, []string{}
	for _, s := range r.Series {
		switch {
		case ours(s):
		case s.Verdict == soak.Clean:
			n++
		default:
			aside = append(aside, s.Metric)
		}
	}
	said := fmt.Sprintf("growth above the tolerance is excluded for all %d judged resources of the target", n)
	if len(aside) > 0 {
		said += fmt.Sprintf(" (%s was read too seldom to be judged)", strings.Join(aside, ", "))
	}
	return said
}
