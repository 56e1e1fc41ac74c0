package engine

import (
	"time"

	"soakmon/alerts"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// alertStates holds the state of every alert, one for each judged series and rule.
// Series that are judged by default raise alerts without a rule in the plan.
type alertStates struct {
	run    string
	states map[alertKey]alerts.State
}

type alertKey struct {
	soak.SeriesID
	rule string
}

func newAlertStates(run string) *alertStates {
	return &alertStates{run: run, states: map[alertKey]alerts.State{}}
}

// step updates the states with the verdicts of a look and returns the changes.
func (a *alertStates) step(judged []judge.Judged, at time.Duration, wall time.Time) []soak.Alert {
	var raised []soak.Alert
	for _, j := range judged {
		rule := ruleOf(j)
		key := alertKey{j.ID, rule.Name}
		state, out := alerts.Step(a.states[key], rule, j.Verdict, alerts.Context{
			Run: a.run, Process: j.ID.Process, Metric: j.ID.Metric, Unit: j.Metric.Unit, Last: j.Last, At: at, Wall: wall,
		})
		a.states[key] = state
		raised = append(raised, out...)
	}
	return raised
}

// ruleOf is the plan's rule, or the implicit rule of a series judged by default.
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

func (a *alertStates) firing() int {
	n := 0
	for _, s := range a.states {
		if s.Is == soak.Firing {
			n++
		}
	}
	return n
}
