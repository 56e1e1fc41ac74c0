package engine

import (
	"fmt"
	"slices"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/judge"
)

// endDecided ends the load of a run until decided if every judged series is, and the
// target was read at rest at least once since the load began where rests are planned.
func (r *run) endDecided(judged []judge.Judged) {
	if !r.Plan.UntilDecided || r.line.ending != "" || r.ended != "" || r.line.phase != soak.PhaseSteady || !r.rested() {
		return
	}
	at, end := r.lastAt, r.line.loadFrom+r.Plan.Duration
	firing := r.alerts.firing()
	decided := 0
	for _, j := range judged {
		_, fires := firing[j.AlertKey()]
		switch {
		case !j.Decides():
		case !detect.MayEnd(j.Verdict, at, end), j.Verdict.State == soak.Leaking && !fires:
			return
		default:
			decided++
		}
	}
	if decided == 0 || !r.standsAtEnd(at) {
		return
	}
	lasted, left := at-r.line.loadFrom, end-at
	r.note(soak.Event{Kind: soak.EventDecided, Value: soak.Float(left.Seconds()), Text: fmt.Sprintf("all %d judged series are decided: the load ends after %s of %s", decided, human.Duration(lasted), human.Duration(r.Plan.Duration))})
	r.line.ending = soak.EndDecided
}

// standsAtEnd reports whether every judged series is decided by the question that the
// end of the run asks, too. It has the checked limit and no planned time to come.
func (r *run) standsAtEnd(at time.Duration) bool {
	judged, err := judge.All(r.history, r.question(at, false), r.Detector)
	return err == nil && !slices.ContainsFunc(judged, func(j judge.Judged) bool {
		return j.Decides() && j.Verdict.State == soak.Inconclusive
	})
}

// rested reports whether the planned rests have begun: a reading at rest was taken
// since the load began.
func (r *run) rested() bool {
	if r.Driver == nil || r.Plan.Rest.Every == 0 {
		return true
	}
	for _, e := range r.history.events {
		if e.Kind == soak.EventRest && e.At > r.line.loadFrom {
			return true
		}
	}
	return false
}
