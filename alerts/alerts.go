// Package alerts turns verdicts into alerts. It is a pure state machine: a
// state, a rule and a verdict go in, the next state and the alerts to send come
// out; nothing waits, nothing is sent, nothing is kept here.
//
//	             breach                 breach, held for rule.For
//	inactive ───────────────▶ pending ───────────────────────────▶ firing
//	   ▲  ▲        clear         │                                    │
//	   │  └──────────────────────┘                                    │
//	   └───────────────── no breach, for at least rule.For ───────────┘
//
// A firing alert is a verdict: it fires by the same verdicts as the run, and the
// verdict of the run agrees with each alert that is still firing at its end. The
// detector knows which series have a firing alert (soak.Question.Fired) and keeps
// the verdict leak until the growth has ended. When it gives that verdict up, the
// alert is resolved with the detector's reason, after two such looks over at least
// rule.For, so that it does not flap. Where they are inconclusive they must last for a
// quarter of the growth that they put in doubt. The last look of a run resolves
// immediately.
//
// Limits: one state belongs to one rule and one series. The caller of [Step] keeps
// the states and calls it in order of time. Pending alerts are not sent.
package alerts

import (
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// State is the state of one rule for one series. The zero value is inactive.
type State struct {
	Is    soak.AlertState // "" is inactive; never Resolved, which is inactive again
	From  time.Duration   // on the run's line, when the breach began
	Began time.Time       // the same on the wall clock

	Slope      soak.Float    // per hour, at which it fired
	Since      time.Duration // on the run's line, when the growth began for which it fired
	Clear      bool          // while firing: the last look showed no breach
	ClearFrom  time.Duration // on the run's line, when the breach ended
	ClearBegan time.Time     // the same on the wall clock
}

// Context is what an alert reports in addition to rule and verdict. The last two
// fields are for rules that allow growth per run or per operation.
type Context struct {
	Run     string
	Process string
	Metric  string // the series' full name
	Unit    string
	Last    float64       // newest value
	At      time.Duration // of this look, on the run's line
	Wall    time.Time     // the same on the wall clock
	Final   bool          // this is the last look of the run

	Duration          time.Duration // of the whole run
	OperationsPerHour float64
}

// look is what one verdict means for one rule.
type look int

const (
	unclear look = iota // about the limit, or nothing is shown
	breach
	cleared
)

// Step evaluates one look. It returns the next state and, where the rule begins to
// fire or is resolved, the alert to send.
func Step(state State, rule soak.Rule, v soak.Verdict, c Context) (State, []soak.Alert) {
	limit := PerHour(rule.MaxGrowth, v.Level, c.Duration, c.OperationsPerHour)
	look := read(v, limit)
	switch {
	case look == breach:
		return onBreach(state, rule, v, c, limit)
	case state.Is == soak.Firing && v.State != soak.Leaking || look == cleared:
		return onEnd(state, rule, v, c)
	}
	return state, nil
}

// read compares a verdict with a rule's limit per hour. A breach requires the
// verdict leak, which is stricter than the plain interval, and an interval above
// the limit.
func read(v soak.Verdict, perHour float64) look {
	limit := soak.Float(perHour)
	switch {
	case math.IsNaN(perHour) || v.State == soak.Inconclusive:
		return unclear
	case v.State == soak.Leaking && !(v.Lo <= limit): // a leak of unknown slope is one
		return breach
	case v.State == soak.Clean && !(v.Lo > limit), v.State == soak.Leaking && v.Hi <= limit:
		return cleared
	}
	return unclear
}

func onBreach(s State, rule soak.Rule, v soak.Verdict, c Context, limit float64) (State, []soak.Alert) {
	s.Clear = false
	switch s.Is {
	case "":
		s = State{Is: soak.Pending, From: c.At, Began: c.Wall}
	case soak.Firing:
		return s, nil
	}
	held := c.At - s.From
	if held < rule.For {
		return s, nil
	}
	s.Is, s.Slope, s.Since = soak.Firing, v.Slope, v.Since
	a := alert(rule, v, c, soak.Firing, s.Began)
	a.Reason = because("grows faster than the allowed "+human.Amount(limit, c.Unit)+"/h"+lasting(held), v)
	return s, []soak.Alert{a}
}

// onEnd evaluates a look that does not show the growth for which an alert fires. A
// run does not end with an alert that its verdict contradicts.
func onEnd(s State, rule soak.Rule, v soak.Verdict, c Context) (State, []soak.Alert) {
	if s.Is != soak.Firing {
		return State{}, nil
	}
	first := !s.Clear
	if first {
		s.Clear, s.ClearFrom, s.ClearBegan = true, c.At, c.Wall
	}
	least := rule.For
	if v.State == soak.Inconclusive {
		least = max(least, (s.ClearFrom-s.Since)/4)
	}
	if !c.Final && (first || c.At-s.ClearFrom < least) {
		return s, nil
	}
	a := alert(rule, v, c, soak.Resolved, s.ClearBegan)
	a.Reason = because(ending(v)+lasting(c.At-s.ClearFrom), v)
	return State{}, []soak.Alert{a}
}

// ending says in which sense growth is over.
func ending(v soak.Verdict) string {
	if v.State == soak.Inconclusive {
		return "the growth is no longer certain"
	}
	return "no longer grows faster than allowed"
}

func alert(rule soak.Rule, v soak.Verdict, c Context, state soak.AlertState, since time.Time) soak.Alert {
	return soak.Alert{
		Run: c.Run, Rule: rule.Name, Severity: rule.Severity, State: state,
		Process: c.Process, Metric: c.Metric, Unit: c.Unit, Since: since, At: c.Wall,
		Growth: v.Growth, Last: soak.Float(c.Last),
	}
}

func lasting(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return " for " + human.Duration(d)
}

// because appends the detector's reason.
func because(text string, v soak.Verdict) string {
	if v.Reason == "" {
		return text
	}
	return text + ": " + v.Reason
}
