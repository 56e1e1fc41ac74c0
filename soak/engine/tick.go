package engine

import (
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// tick reads the probes, records the row, and advances the phases.
func (r *run) tick() {
	at := r.now()
	late := lateness(at, r.lastTick, r.idleFrom, r.Plan.Interval)
	r.noteGaps(at)
	r.lastTick = at
	r.noteSilence()
	row := r.readProbes(at, false)
	row.Samples = append(row.Samples, soak.Sample{SeriesID: soak.SeriesOf(soak.RoleMonitor, tickLate.Name), Value: late.Seconds()})
	// The probes took time: the age of a tally counts from the start of the row.
	row.Samples = append(row.Samples, r.load.samples(r.now()-at)...)
	r.record(row)
	if r.err != nil {
		return
	}
	r.advance(at)
	r.scheduleSnapshot(at)
	if at-r.load.flushed >= time.Minute {
		r.flushHistograms()
	}
	if detect.LookDue(r.lastLook, at) || r.line.pairs > r.pairsJudged {
		r.judge()
	}
	r.publishStatus()
}

// lateness is how long a tick waited for a CPU: from the time at which it was due after
// the last tick to its start. The time in which the loop itself was busy is left out.
func lateness(at, last, idleFrom, interval time.Duration) time.Duration {
	due := last.Truncate(interval) + interval
	return max(0, at-max(due, idleFrom))
}

// readProbes reads the samplers of all processes: the probes that are due, or all.
func (r *run) readProbes(at time.Duration, all bool) soak.Row {
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

func (r *run) record(row soak.Row) {
	if row.At <= r.lastAt {
		row.At = r.lastAt + time.Millisecond
	}
	r.lastAt, r.row = row.At, row
	r.history.add(row, r.line.phase)
	err := r.Recorder.Append(row)
	if err == nil {
		r.failing = time.Time{}
	}
	r.recorded(err)
}

// noteGaps records missed ticks and suspends of the machine.
func (r *run) noteGaps(at time.Duration) {
	if slept := r.slept() - r.line.suspended; slept > time.Second {
		r.line.suspended += slept
		// The time is that of the next row, which is the first after the break.
		r.note(soak.Event{At: max(at, r.lastAt+time.Millisecond), Kind: soak.EventSuspend, Value: soak.Float(slept.Seconds()), Text: fmt.Sprintf("the machine was suspended for %s; trends restart here", slept.Round(time.Second))})
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

// judge judges every series as of the newest row, and updates the alerts.
func (r *run) judge() {
	at := r.lastAt
	r.lastLook = at
	judged, err := judge.All(r.history, r.question(at, r.line.ending == "" && r.ended == ""), r.Detector)
	if err != nil {
		r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleMonitor, Text: "the series could not be judged: " + err.Error()})
		return
	}
	r.verdicts = judged
	r.raise(judged, at)
	r.endDecided(judged)
}

// question is what the detector is asked at a look. At the end no load is to come.
func (r *run) question(at time.Duration, running bool) judge.Run {
	return judge.Run{Plan: r.Plan, Facts: r.Facts, Events: r.history.events, End: at, Running: running, Firing: r.alerts.firing(), Kept: r.ownJudged(at)}
}

// raise updates the alerts with the verdicts of a look. While levels cannot be
// compared nothing fires, but the end of the run resolves each alert that does not hold.
func (r *run) raise(judged []judge.Judged, at time.Duration) {
	final := r.ended != ""
	if !r.comparable() {
		if !final {
			return
		}
		firing := r.alerts.firing()
		judged = slices.DeleteFunc(slices.Clone(judged), func(j judge.Judged) bool { _, fired := firing[j.AlertKey()]; return !fired })
	}
	r.pairsJudged = r.line.pairs
	raised := r.alerts.step(judged, at, time.Now(), final)
	for _, a := range raised {
		r.recorded(r.Recorder.Enqueue(a))
		r.note(soak.Event{Kind: soak.EventAlert, Process: a.Process, Name: a.Metric, Text: fmt.Sprintf("%s: %s", a.State, a.Reason)})
	}
	if firing(raised) && !final {
		r.takeSnapshot(soak.ProfileAlert)
	}
}

// ownLook is the time between two looks at soak's own processes. They have most of
// the judged series, and matter least.
const ownLook = time.Minute

// ownJudged returns the last verdicts on soak's own processes if they are newer than
// ownLook. The last look of a run judges them again.
func (r *run) ownJudged(at time.Duration) (own []judge.Judged) {
	if r.ended != "" || at-r.lastOwnLook >= ownLook {
		r.lastOwnLook = at
		return nil
	}
	for _, j := range r.verdicts {
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

// openTarget starts to sample the current process of the target, and reports whether
// it replaces another process that was sampled until now.
func (r *run) openTarget() (moved bool) {
	p, up := r.Target.Process()
	if !up {
		r.closeTarget()
		return false
	}
	if r.targetUp && identical(p, r.targetProcess) {
		return false
	}
	moved = r.targetUp
	r.closeTarget()
	r.targetProcess, r.targetUp = p, true
	r.samplers[soak.RoleTarget] = r.Open(p)
	return moved
}

// identical reports whether a and b are the same process, not just the same pid.
func identical(a, b soak.Process) bool { return a.PID == b.PID && a.Start == b.Start }

// closeTarget stops sampling the target, because it is down.
func (r *run) closeTarget() {
	if s, ok := r.samplers[soak.RoleTarget]; ok {
		s.Close()
		delete(r.samplers, soak.RoleTarget)
	}
	r.targetUp = false
}

// takeTargetEvent processes an event of the target. Between an exit and a restart
// the target is not sampled, so no row mixes two processes.
func (r *run) takeTargetEvent(e soak.Event, ok bool) {
	if !ok {
		r.targetEvents = nil
		return
	}
	switch e.Kind {
	case soak.EventExit, soak.EventCrash:
		r.closeTarget()
	default:
		if r.openTarget() {
			e.Kind = soak.EventRestart // it moved to the background: a new process, so trends restart
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
