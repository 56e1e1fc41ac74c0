package chart

import (
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// Mark is an event that charts mark.
type Mark struct {
	At   float64 `json:"at_s"`
	Kind string  `json:"kind"` // an event's kind
	Text string  `json:"text"`
}

// Shade is a time range that is not steady load and is shaded in charts.
type Shade struct {
	From float64 `json:"from_s"`
	To   float64 `json:"to_s"`
	Name string  `json:"name"` // a phase's, or "gap"
}

// marked are the kinds of events that charts mark.
var marked = []soak.EventKind{
	soak.EventRestart, soak.EventCrash, soak.EventExit, soak.EventGap, soak.EventSuspend, soak.EventAlert,
	soak.EventSnapshot, soak.EventOperator, soak.EventRate,
}

// maxMarks is the maximum number of marks of one kind; further events appear only in
// the report.
const maxMarks = 200

// Marks returns the events that charts mark, and the ranges that they shade: all
// phases except steady load, and the gaps in which samples are missing.
func Marks(p soak.Plan, events []soak.Event, end time.Duration) (marks []Mark, shades []Shade) {
	marks, shades = []Mark{}, []Shade{}
	for _, phase := range judge.Phases(p.Load, events, end) {
		if phase.Name != soak.PhaseSteady && phase.To > phase.From {
			shades = append(shades, Shade{From: phase.From.Seconds(), To: phase.To.Seconds(), Name: string(phase.Name)})
		}
	}
	seen := map[soak.EventKind]int{}
	for _, e := range events {
		if !slices.Contains(marked, e.Kind) {
			continue
		}
		if e.Kind == soak.EventGap && e.Value > 0 {
			lost := time.Duration(float64(e.Value) * float64(p.Interval))
			shades = append(shades, Shade{From: max(0, e.At-lost).Seconds(), To: e.At.Seconds(), Name: "gap"})
		}
		if seen[e.Kind]++; seen[e.Kind] > maxMarks {
			continue
		}
		marks = append(marks, Mark{At: e.At.Seconds(), Kind: string(e.Kind), Text: e.Text})
	}
	return marks, shades
}
