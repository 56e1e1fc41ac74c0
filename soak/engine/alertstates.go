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
	states map[judge.AlertKey]alerts.State
}

func newAlertStates(run string) *alertStates {
	return &alertStates{run: run, states: map[judge.AlertKey]alerts.State{}}
}

// step updates the states with the verdicts of a look, the last one of the run where
// final is set, and returns the changes.
func (a *alertStates) step(judged []judge.Judged, at time.Duration, wall time.Time, final bool) []soak.Alert {
	var raised []soak.Alert
	for _, j := range judged {
		if !j.Alerts() {
			continue
		}
		rule := ruleOf(j)
		key := j.AlertKey()
		state, out := alerts.Step(a.states[key], rule, j.Verdict, alerts.Context{
			Run: a.run, Process: j.ID.Process, Metric: j.ID.Metric, Unit: j.Metric.Unit, Last: j.Last, At: at, Wall: wall, Final: final,
		})
		a.states[key] = state
		raised = append(raised, out...)
	}
	return raised
}

// ruleOf is the plan's rule, or the implicit rule of a series judged by default.
// Growth of one of soak's own processes only makes the run unreliable.
func ruleOf(j judge.Judged) soak.Rule {
	if j.Rule != nil {
		r := *j.Rule
		r.MaxGrowth = soak.Quantity{Value: j.Tolerance, Per: soak.PerHour}
		return r
	}
	severity := "critical"
	if j.ID.Process != soak.RoleTarget {
		severity = "warning"
	}
	return soak.Rule{
		Name: j.AlertKey().Rule, Process: j.ID.Process, Metric: j.ID.Metric, Severity: severity,
		MaxGrowth: soak.Quantity{Value: j.Tolerance, Per: soak.PerHour},
	}
}

// firing are the alerts that are firing, with the growth per hour at which they fired.
func (a *alertStates) firing() map[judge.AlertKey]float64 {
	slopes := map[judge.AlertKey]float64{}
	for key, s := range a.states {
		if s.Is == soak.Firing {
			slopes[key] = float64(s.Slope)
		}
	}
	return slopes
}
