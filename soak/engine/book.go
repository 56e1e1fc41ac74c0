package engine

import (
	"time"

	"soakmon/alerts"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// book holds the state of every alert: one per judged series and rule. What is
// judged by default raises alerts too, without a rule of the plan.
type book struct {
	run    string
	states map[bookKey]alerts.State
}

type bookKey struct {
	soak.SeriesID
	rule string
}

func newBook(run string) *book { return &book{run: run, states: map[bookKey]alerts.State{}} }

// step takes a look's verdicts in and gives the alerts they raise.
func (b *book) step(judged []judge.Judged, at time.Duration, wall time.Time) []soak.Alert {
	var raised []soak.Alert
	for _, j := range judged {
		rule := ruleOf(j)
		key := bookKey{j.ID, rule.Name}
		state, out := alerts.Step(b.states[key], rule, j.Verdict, alerts.Context{
			Run: b.run, Process: j.ID.Process, Metric: j.ID.Metric, Unit: j.Metric.Unit, Last: j.Last, At: at, Wall: wall,
		})
		b.states[key] = state
		raised = append(raised, out...)
	}
	return raised
}

// ruleOf is the plan's rule, or the one that stands for judging by default.
func ruleOf(j judge.Judged) soak.Rule {
	if j.Rule != nil {
		r := *j.Rule
		r.MaxGrowth = soak.Quantity{Value: j.Tolerance, Per: soak.PerHour}
		return r
	}
	return soak.Rule{
		Name: j.ID.Metric + " of the " + j.ID.Process, Process: j.ID.Process, Metric: j.ID.Metric, Severity: "critical",
		MaxGrowth: soak.Quantity{Value: j.Tolerance, Per: soak.PerHour},
	}
}

func (b *book) firing() int {
	n := 0
	for _, s := range b.states {
		if s.Is == soak.Firing {
			n++
		}
	}
	return n
}
