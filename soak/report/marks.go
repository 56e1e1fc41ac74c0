package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// mostWarnings is the maximum number of warnings about events of one kind and
// process. All the events are kept.
const mostWarnings = 10

// notable are the kinds of events that become warnings.
var notable = []soak.EventKind{
	soak.EventNote, soak.EventGap, soak.EventProbe, soak.EventSuspend, soak.EventSink, soak.EventExit,
	soak.EventCrash, soak.EventRestart, soak.EventDriver,
}

// marks copies the events and alerts, and collects the warnings that are shown
// with the verdict.
func (b *builder) marks(r *Report) error {
	b.eventMarks(r)
	b.alertMarks(r)
	if leaks := b.plan.Target.Leaks; len(leaks) > 0 {
		planted := make([]string, len(leaks))
		for i, l := range leaks {
			planted[i] = l.Text
		}
		r.warn("leaks were planted in the reference server: %s", strings.Join(planted, ", "))
	}
	if used, ok := b.cpu(); b.watched() {
		r.warn("soak did not generate the load: the verdict holds only for the load that the process had")
		if ok && b.end > 0 {
			r.warn("the process used %s of a core on average", human.Percent(used/b.end.Seconds()))
		}
	}
	for _, s := range r.Series {
		for _, w := range s.Warnings {
			r.warn("%s %s: %s", s.Process, s.Metric, w)
		}
	}
	return nil
}

func (b *builder) eventMarks(r *Report) {
	type source struct {
		kind    soak.EventKind
		process string
	}
	seen := map[source]int{}
	var many []source
	resting, sampled := 0, 0 // phases without load, and those with a sample
	for _, e := range b.events {
		r.Events = append(r.Events, Event{At: e.At.Seconds(), Kind: e.Kind, Name: e.Name, Load: e.Load, Text: e.Text})
		switch {
		case e.Kind == soak.EventPhase && slices.Contains([]soak.PhaseName{soak.PhaseBaseline, soak.PhaseRest, soak.PhaseDrain}, soak.PhaseName(e.Name)):
			resting++
		case e.Kind == soak.EventRest && e.Name == "":
			sampled++
		case slices.Contains(notable, e.Kind):
			from := source{e.Kind, e.Process}
			if seen[from]++; seen[from] <= mostWarnings {
				r.warn("%s: %s", human.Offset(e.At), e.Text)
			} else if seen[from] == mostWarnings+1 {
				many = append(many, from)
			}
		}
	}
	for _, from := range many {
		r.warn("%d more events of kind %s from the %s", seen[from]-mostWarnings, from.kind, cmp.Or(from.process, soak.RoleMonitor))
	}
	if r.Ended.Complete() && sampled < resting {
		r.warn("%d of %d rests have no sample", resting-sampled, resting)
	}
}

// alertMarks copies the alerts and warns of those that were resolved, and of those
// that the run as a whole does not confirm, as in files of earlier versions. Alerts
// of the plan's rules are reasons of the verdict instead.
func (b *builder) alertMarks(r *Report) {
	leaks := map[soak.SeriesID]bool{}
	for _, s := range r.Series {
		leaks[s.id()] = leaks[s.id()] || s.Verdict == soak.Leaking
	}
	ruled := func(a soak.Alert) bool {
		return a.Rule == soak.RegressionRule || slices.ContainsFunc(b.plan.Rules, func(rule soak.Rule) bool { return rule.Name == a.Rule })
	}
	r.Alerts = []Alert{} // the key is always in the JSON report
	for _, a := range b.alerts {
		r.Alerts = append(r.Alerts, Alert{At: a.At, Rule: a.Rule, State: a.State, Metric: a.Metric, Reason: a.Reason, Process: a.Process, Severity: a.Severity})
	}
	for i, a := range b.alerts {
		if a.State != soak.Firing || ruled(a) {
			continue
		}
		if end, ok := resolvedAlert(r.Alerts[i:]); ok {
			r.warn("%s of the %s raised an alert at %s, which was resolved at %s: %s", a.Metric, a.Process, a.At.Format("15:04:05"), end.At.Format("15:04:05"), end.Reason)
		} else if !leaks[soak.SeriesOf(a.Process, a.Metric)] {
			r.warn("%s of the %s raised an alert at %s that the run as a whole does not confirm: %s", a.Metric, a.Process, a.At.Format("15:04:05"), a.Reason)
		}
	}
}

// resolvedAlert returns the alert that resolves the first one.
func resolvedAlert(all []Alert) (Alert, bool) {
	first := all[0]
	i := slices.IndexFunc(all, func(a Alert) bool {
		return a.State == soak.Resolved && a.Rule == first.Rule && a.Process == first.Process && a.Metric == first.Metric
	})
	if i < 0 {
		return Alert{}, false
	}
	return all[i], true
}

// warn adds a warning unless the report has it already.
func (r *Report) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if !slices.Contains(r.Warnings, w) {
		r.Warnings = append(r.Warnings, w)
	}
}
