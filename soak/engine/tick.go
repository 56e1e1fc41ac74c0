package engine

import (
	"fmt"
	"math"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// tick reads everything once, records the row, and lets the phases go on.
func (r *run) tick() {
	at := r.now()
	r.gaps(at)
	r.lastTick = at
	r.listen()
	row := r.read(at, false)
	row.Samples = append(row.Samples, r.load.samples(r.now()-at)...)
	r.append(row)
	if r.err != nil {
		return
	}
	r.advance(at)
	r.scheduleSnapshot(at)
	if at-r.load.flushed >= time.Minute {
		r.flushHistograms()
	}
	if detect.LookDue(r.look, at) {
		r.judge()
	}
	r.status()
}

// read reads the samplers of all processes; at rest, everything there is.
func (r *run) read(at time.Duration, all bool) soak.Row {
	row := soak.Row{At: at, Wall: time.Now()}
	for _, role := range []string{soak.RoleTarget, soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor} {
		s, ok := r.samplers[role]
		if !ok {
			continue
		}
		var samples []soak.Sample
		var events []soak.Event
		if all {
			samples, events = s.ReadAll(r.ctx)
		} else {
			samples, events = s.Tick(r.ctx, at)
		}
		row.Samples = append(row.Samples, samples...)
		for _, e := range events {
			r.note(e)
		}
	}
	return row
}

func (r *run) append(row soak.Row) {
	if row.At <= r.lastAt {
		row.At = r.lastAt + time.Millisecond
	}
	r.lastAt, r.row = row.At, row
	r.history.add(row, r.line.phase)
	err := r.Recorder.Append(row)
	if err == nil {
		r.failing = time.Time{}
	}
	r.keep(err)
}

// gaps notes ticks that were missed, and a machine that slept.
func (r *run) gaps(at time.Duration) {
	if slept := r.slept() - r.line.slept; slept > time.Second {
		r.line.slept += slept
		// Not now but at the row that is to come: it is the first behind the break.
		r.note(soak.Event{At: max(at, r.lastAt+time.Millisecond), Kind: soak.EventSuspend, Value: soak.Float(slept.Seconds()), Text: fmt.Sprintf("the machine slept for %s; no trend is carried across", slept.Round(time.Second))})
		r.history.breakAll(at)
		return
	}
	missed := math.Round(float64(at-r.lastTick)/float64(r.Plan.Interval)) - 1
	if missed >= 1 {
		what := "a sample was"
		if missed > 1 {
			what = fmt.Sprintf("%.0f samples were", missed)
		}
		r.note(soak.Event{Kind: soak.EventGap, Value: soak.Float(missed), Text: what + " missed: the monitor was not scheduled, or a reading took too long"})
	}
}

// judge takes a look at every judged series, as of the newest row, and steps
// the alerts.
func (r *run) judge() {
	at := r.lastAt
	r.look = at
	judged, err := judge.All(r.history, judge.Run{Plan: r.Plan, Facts: r.Facts, Events: r.history.events, End: at, Running: r.line.ending == "", Kept: r.ownJudged(at)}, r.Detector)
	if err != nil {
		r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleMonitor, Text: "could not be judged: " + err.Error()})
		return
	}
	r.judged = judged
	raised := r.book.step(judged, at, time.Now())
	for _, a := range raised {
		r.keep(r.Recorder.Enqueue(a))
		r.note(soak.Event{Kind: soak.EventAlert, Process: a.Process, Name: a.Metric, Text: fmt.Sprintf("%s: %s", a.State, a.Reason)})
	}
	if firing(raised) {
		r.snapshot(soak.ProfileAlert)
	}
}

// ownLook is the time between two looks at soak's own processes, which are most
// of what is judged and least of what is asked.
const ownLook = time.Minute

// ownJudged gives the last answers on our own processes while they are fresh;
// the last look of a run asks anew.
func (r *run) ownJudged(at time.Duration) (own []judge.Judged) {
	if r.ended != "" || at-r.lookOwn >= ownLook {
		r.lookOwn = at
		return nil
	}
	for _, j := range r.judged {
		if j.ID.Process != soak.RoleTarget {
			own = append(own, j)
		}
	}
	return own
}

func firing(raised []soak.Alert) bool {
	for _, a := range raised {
		if a.State == soak.Firing {
			return true
		}
	}
	return false
}

// openTarget samples the process that the target is now, and reports whether
// that is another one than was sampled until now.
func (r *run) openTarget() (moved bool) {
	p, up := r.Target.Process()
	if !up {
		r.closeTarget()
		return false
	}
	if r.targetUp && identical(p, r.target) {
		return false
	}
	moved = r.targetUp
	r.closeTarget()
	r.target, r.targetUp = p, true
	r.samplers[soak.RoleTarget] = r.Open(p)
	return moved
}

// identical reports whether two name the same process, and not only the same pid.
func identical(a, b soak.Process) bool { return a.PID == b.PID && a.Start == b.Start }

// closeTarget samples the target no more: it is down.
func (r *run) closeTarget() {
	if s, ok := r.samplers[soak.RoleTarget]; ok {
		s.Close()
		delete(r.samplers, soak.RoleTarget)
	}
	r.targetUp = false
}

// targetEvent takes in what happened to the target. Between an exit and a
// restart nothing is sampled, so no row mixes two lives.
func (r *run) targetEvent(e soak.Event, ok bool) {
	if !ok {
		r.targetEvents = nil
		return
	}
	switch e.Kind {
	case soak.EventExit, soak.EventCrash:
		r.closeTarget()
	default:
		if r.openTarget() {
			e.Kind = soak.EventRestart // it put itself into the background: a new process, and a break
		}
	}
	e.At, e.Process = r.stamp(), soak.RoleTarget
	r.note(e)
	switch e.Kind {
	case soak.EventRestart:
		r.history.breakTarget(e.At)
	case soak.EventCrash:
		r.ended = soak.EndTargetDead
	}
}
