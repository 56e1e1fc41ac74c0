package report

import (
	"fmt"
	"strings"

	"soakmon/soak"
)

// marks copies events and alerts that a reader should know of, and collects
// the warnings that stand beside the verdict.
func (b *builder) marks(r *Report) {
	for _, e := range b.events {
		r.Events = append(r.Events, Event{At: e.At.Seconds(), Kind: e.Kind, Name: e.Name, Text: e.Text})
		switch e.Kind {
		case soak.EventNote, soak.EventGap, soak.EventProbe, soak.EventSuspend, soak.EventSink, soak.EventExit, soak.EventCrash, soak.EventRestart, soak.EventDriver:
			r.warn("%s: %s", clock(e.At), e.Text)
		}
	}
	alerts, err := b.src.Alerts()
	if err != nil {
		r.warn("the alerts cannot be read: %v", err)
	}
	for _, a := range alerts {
		r.Alerts = append(r.Alerts, Alert{At: a.At, Rule: a.Rule, State: a.State, Metric: a.Metric, Reason: a.Reason})
	}
	if leaks := b.plan.Target.Leaks; len(leaks) > 0 {
		planted := make([]string, len(leaks))
		for i, l := range leaks {
			planted[i] = l.Text
		}
		r.warn("leaks were planted in the reference server: %s", strings.Join(planted, ", "))
	}
	if r.Command == "watch" {
		r.warn("soak drove no load itself: the verdict holds for whatever load there was")
	}
	for _, s := range r.Series {
		for _, w := range s.Warnings {
			r.warn("%s %s: %s", s.Process, s.Metric, w)
		}
		if s.Process == soak.RoleTarget && s.Verdict == soak.Inconclusive && auxiliary(s) {
			r.warn("%s %s: %s (fds were judged, and hold them as well)", s.Process, s.Metric, s.Reason)
		}
	}
}

// warn adds a warning once.
func (r *Report) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	for _, have := range r.Warnings {
		if have == w {
			return
		}
	}
	r.Warnings = append(r.Warnings, w)
}
