package report

import (
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// exitCauses says in a few words what decides the exit code, apart from the verdict:
// one entry for each condition that has an exit code of its own, in the order of
// precedence. Every headline has them, so it never contradicts the exit code.
func (r Report) exitCauses() (all []string) {
	if r.ExitCode == ExitError {
		all = append(all, "the monitor failed")
	}
	for _, rule := range r.Plan.Rules {
		broken := slices.ContainsFunc(r.violated, func(v string) bool { return strings.HasPrefix(v, "rule "+rule.Name+" ") }) ||
			slices.ContainsFunc(r.Series, func(s Series) bool { return s.Rule == rule.Name && s.Verdict == soak.Leaking })
		if broken {
			all = append(all, "rule "+rule.Name+" violated")
		}
	}
	if slices.ContainsFunc(r.violated, func(v string) bool { return strings.HasPrefix(v, regressed) }) {
		all = append(all, "worse than earlier runs")
	}
	switch {
	case r.Ended == soak.EndTargetDead:
		all = append(all, "the target died")
	case len(r.unserved) > 0 && len(r.unserved) == len(r.Load):
		all = append(all, unserved+"the load was served")
	case len(r.unserved) == 1:
		all = append(all, fmt.Sprintf(unserved+"load %s was served", r.unserved[0]))
	case len(r.unserved) > 1:
		all = append(all, fmt.Sprintf(unserved+"loads %s was served", enumerate(r.unserved, mostNamed)))
	}
	return all
}

// unserved begins the cause that loads were hardly served.
const unserved = "less than half of "

// headline is the first line of the text below the verdict.
func headline(r Report) string {
	parts := append([]string{r.Name}, r.exitCauses()...)
	parts = append(parts, human.Span(r.Duration)+" recorded")
	if r.Target.PID != 0 {
		parts = append(parts, fmt.Sprintf("pid %d", r.Target.PID))
	}
	if end := r.endWords(); end != "" && r.Ended != soak.EndTargetDead {
		parts = append(parts, end)
	}
	return strings.Join(parts, " · ")
}

// endWords says how a run ended, "" if that was as planned.
func (r Report) endWords() string {
	switch r.Ended {
	case soak.EndFinished:
		return ""
	case soak.EndDecided:
		if slices.ContainsFunc(r.Series, Series.undecided) {
			return "ended early, some undecided"
		}
		return "ended early, all decided"
	}
	return string(r.Ended)
}

// undecided reports whether a series of the target, or one that a rule asked about,
// is inconclusive.
func (s Series) undecided() bool { return s.Verdict == soak.Inconclusive && !ownUnasked(s) }

// Sentence is the verdict of a run in one sentence, with what decides the exit code.
func Sentence(r Report) string {
	verb, clauses, causes := "is inconclusive", []string{r.Reasons[0]}, r.exitCauses()
	switch {
	case r.Verdict == soak.Clean:
		verb = "is clean"
	case r.Verdict == soak.Leaking:
		verb, clauses = "leaks", append([]string{enumerate(r.leaks(), 2)}, causes...)
	case r.Ended == soak.EndRunning:
		verb, clauses = "is still running", append([]string{"undecided after " + human.Span(r.Duration)}, causes...)
	default:
		// The first reason is that of the first cause, if there is one. Only the share
		// of the load that was served has no reason that names it.
		told := max(1, len(causes))
		if len(causes) > 0 && !strings.HasPrefix(causes[0], unserved) {
			causes = causes[1:]
		}
		clauses = append(clauses, causes...)
		if more := len(r.Reasons) - told; more > 0 {
			clauses = append(clauses, "and "+human.Count(more, "more reason"))
		}
	}
	return fmt.Sprintf("%s %s: %s.", r.Name, verb, strings.Join(clauses, "; "))
}

// leaks names the series that leak, with their growth.
func (r Report) leaks() (all []string) {
	for _, s := range r.Series {
		if s.Verdict == soak.Leaking && !ownUnasked(s) {
			all = append(all, fmt.Sprintf("%s at %s (95 %% interval %s)", label(s), s.growth(), s.interval()))
		}
	}
	return all
}
