package report

import (
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// The exit codes of commands that end with a verdict. If several apply, the order
// of precedence is: an error, a leak or violated rule, a dead target, inconclusive,
// clean.
const (
	ExitClean        = 0
	ExitLeak         = 1
	ExitError        = 2
	ExitInconclusive = 3
	ExitDead         = 4
)

// ownUnasked reports whether a series belongs to one of soak's own processes and no
// rule of the plan names it.
func ownUnasked(s Series) bool { return s.Process != soak.RoleTarget && s.Rule == "" }

// castsDoubt reports whether one of soak's own series grows in a way that makes the
// run unreliable. Growth of soak's own memory is reported but does not count: the
// monitor maps the growing run file, and its reduced series fill up to their bound
// in the first hour.
func castsDoubt(s Series) bool {
	return ownUnasked(s) && s.Verdict == soak.Leaking && s.Unit != "bytes"
}

// decide derives the verdict, the exit code and the reasons of a run from the
// verdicts of its series and from its evidence.
func decide(r *Report, b *builder) {
	leaks, open := findings(r.Series, !r.Ended.Complete())
	r.faults, r.dead = b.faults(r)
	// Faults come before open series: a run that measured too little explains why
	// its series are open. The full slice expression keeps append from writing
	// into r.faults, which JUnit and HTML list separately.
	open = append(r.faults[:len(r.faults):len(r.faults)], open...)
	r.violated = append(firedRules(r), b.worse(r)...)
	// From here on each condition overrides the weaker ones before it. Verdict
	// and exit code differ on purpose: a dead target and a violated rule have exit
	// codes of their own, but neither shows a leak.
	r.Verdict, r.ExitCode = soak.Clean, ExitClean
	if len(open)+len(r.violated) > 0 || b.run.Error != "" {
		r.Verdict, r.ExitCode = soak.Inconclusive, ExitInconclusive
	}
	if r.dead {
		r.ExitCode = ExitDead
	}
	if len(leaks) > 0 {
		r.Verdict = soak.Leaking
	}
	if len(leaks)+len(r.violated) > 0 {
		r.ExitCode = ExitLeak
	}
	// An error of the monitor changes the exit code even of a run with a leak, but
	// not the verdict: a leak that was found before it is still a leak.
	if b.run.Error != "" {
		r.ExitCode = ExitError
		r.Reasons = append(r.Reasons, "the monitor failed: "+b.run.Error)
	}
	r.Reasons = append(append(append(r.Reasons, leaks...), r.violated...), open...)
	if r.Verdict == soak.Inconclusive {
		r.Needed = needed(r)
	}
	if r.Verdict == soak.Clean {
		r.Reasons = []string{cleanReason(r)}
	}
}

// findings returns a reason for each series that leaks, and one for each cause that
// keeps the run from being clean. Early says that the run did not get the time that was
// planned, which explains all undecided series together.
func findings(all []Series, early bool) (leaks, open []string) {
	var undecided []Series
	for _, s := range all {
		reason := s.qualifiedReason()
		switch {
		case castsDoubt(s):
			open = append(open, fmt.Sprintf("%s is growing: %s: %s", ownProcess(s.Process), s.Metric, s.Reason))
		case ownUnasked(s), s.Verdict == soak.Clean, s.Verdict == soak.NotJudged:
		case s.Verdict == soak.Leaking:
			leaks = append(leaks, reason+exhaustion(s))
		default:
			undecided = append(undecided, s)
		}
	}
	return leaks, append(open, undecidedReasons(undecided, early)...)
}

// undecidedReasons returns a reason for each cause for which series are undecided.
func undecidedReasons(all []Series, early bool) (out []string) {
	if early && len(all) > 1 {
		return []string{"undecided in this time: " + enumerate(labels(all), len(all))}
	}
	byCause := map[string][]Series{}
	for _, s := range all {
		byCause[s.cause()] = append(byCause[s.cause()], s)
	}
	for _, s := range all {
		same := byCause[s.cause()]
		switch {
		case len(same) == 1:
			out = append(out, s.qualifiedReason())
		case s.id() == same[0].id():
			out = append(out, jointReason(same))
		}
	}
	return out
}

// jointReason is one reason for series that are undecided for one cause.
func jointReason(same []Series) string {
	names := enumerate(labels(same), len(same))
	if !slices.ContainsFunc(same, func(s Series) bool { return s.Reason != same[0].Reason }) {
		return names + ": " + same[0].Reason
	}
	var facts []string
	for _, s := range same {
		facts = append(facts, label(s)+": "+strings.TrimLeft(strings.TrimPrefix(s.Reason, s.cause()), ":; "))
	}
	return fmt.Sprintf("%s: %s (%s)", names, same[0].cause(), strings.Join(facts, "; "))
}

// cause is the part of a series' reason before its figures.
func (s Series) cause() string {
	if i := strings.IndexAny(s.Reason, ":;"); i >= 0 {
		return s.Reason[:i]
	}
	return s.Reason
}

func labels(all []Series) (names []string) {
	for _, s := range all {
		names = append(names, label(s))
	}
	return names
}

// ownProcess names one of soak's own processes: "soak's own driver process".
func ownProcess(role string) string { return "soak's own " + role + " process" }

// exhaustion says when a growing series will reach its limit, if it has one. The
// reason says when it did.
func exhaustion(s Series) string {
	e := s.Exhaustion
	if e == nil || e.Reached > 0 {
		return ""
	}
	text := fmt.Sprintf("; at this rate it reaches its limit of %s after %s of the run", human.Amount(e.Limit, s.Unit), human.Span(e.At))
	if low := human.Span(e.Low); low != human.Span(e.At) {
		text += fmt.Sprintf(", %s at the earliest", low)
	}
	return text
}

// firedRules lists the rules of the plan that fired during the run although the
// run as a whole shows no leak.
func firedRules(r *Report) (out []string) {
	leaking := map[string]bool{}
	for _, s := range r.Series {
		leaking[s.Rule] = leaking[s.Rule] || s.Verdict == soak.Leaking
	}
	for _, rule := range r.Plan.Rules {
		for i, a := range r.Alerts {
			if a.Rule != rule.Name || a.State != soak.Firing || leaking[rule.Name] {
				continue
			}
			text := fmt.Sprintf("rule %s fired at %s: %s", a.Rule, a.At.Format("15:04:05"), a.Reason)
			if end, ok := resolvedAlert(r.Alerts[i:]); ok {
				text += fmt.Sprintf("; resolved at %s: %s", end.At.Format("15:04:05"), end.Reason)
			}
			out = append(out, text)
		}
	}
	return out
}

// regressed begins a reason that names a quantity worse than in earlier runs.
const regressed = "regressed: "

// worse lists what is worse than in the plan's earlier runs, if the plan asks
// for that comparison, and warns if it was not possible.
func (b *builder) worse(r *Report) (out []string) {
	nights := b.run.Nights
	switch {
	case b.plan.Regression == 0 || b.running:
	case nights == nil:
		r.warn("the run was not compared with earlier runs of its plan because it did not finish")
	case nights.Note != "":
		r.warn("%s", nights.Note)
	default:
		for _, w := range nights.Worse {
			out = append(out, regressed+w.Text)
		}
	}
	return out
}

// cleanReason says in how many resources no growth was found.
func cleanReason(r *Report) string {
	n := 0
	for _, s := range r.Series {
		if !ownUnasked(s) && s.Verdict != soak.NotJudged {
			n++
		}
	}
	return fmt.Sprintf("no growth above the tolerance in %s; DETECTABLE states what would have been called a leak", human.Count(n, "judged resource"))
}
