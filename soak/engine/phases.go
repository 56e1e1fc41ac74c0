package engine

import (
	"fmt"
	"time"

	"soakmon/soak"
)

// rewarm is how long the load is not judged after a pause: pools refill, and the
// first garbage collection runs.
const rewarm = 5 * time.Second

// timeline is the progress of the run through its phases.
type timeline struct {
	phase     soak.PhaseName
	rest      *rest         // not nil while at rest
	loadFrom  time.Duration // start of the first load
	warmUntil time.Duration // end of the current warm-up
	warmLeft  time.Duration // remaining warm-up when the load last stopped
	nextRest  time.Duration // 0: none
	nextVary  map[string]time.Duration
	factor    map[string]float64 // current factor of each load that varies or takes turns
	turns     []turn             // of an isolated run
	pairs     int                // number of completed pairs of rounds
	suspended time.Duration      // total time of the suspends noted so far
	ending    soak.End           // why the run is ending; empty until it does
	paused    bool               // an operator has paused the load
}

// mark begins a phase.
func (r *run) mark(phase soak.PhaseName, text string) {
	r.line.phase = phase
	r.note(soak.Event{At: r.stamp(), Kind: soak.EventPhase, Name: string(phase), Text: text})
}

func (r *run) startWatch() {
	r.mark(soak.PhaseWarmup, "watching; the warm-up is not judged")
	r.line.loadFrom, r.line.warmUntil = 0, r.Plan.Warmup
}

func (r *run) startBaseline() {
	r.mark(soak.PhaseBaseline, "before the load")
	r.line.rest = &rest{stage: stageSettle, since: r.now(), unchangedSince: r.now(), then: r.startLoad, snapshot: soak.ProfileStart}
}

// startLoad begins the first load.
func (r *run) startLoad() {
	at := r.now()
	r.line.loadFrom, r.line.warmUntil = at, at+r.Plan.Warmup
	r.scheduleRest(at)
	r.line.nextVary, r.line.factor = map[string]time.Duration{}, map[string]float64{}
	for i, w := range r.Plan.Load {
		if w.Vary.By > 0 { // not at the same time as the others, or the loads could not be distinguished
			r.line.nextVary[w.Name] = r.line.warmUntil + w.Vary.Every + w.Vary.Every*time.Duration(i)/time.Duration(len(r.Plan.Load))
		}
	}
	if r.Plan.Isolate {
		r.line.turns = turns(r.Plan.Load, r.line.warmUntil, at+r.Plan.Duration)
	}
	r.mark(soak.PhaseWarmup, "the load starts; the warm-up is not judged")
	r.send(soak.Command{Do: soak.DoStart, Loads: r.Plan.Load, Interval: r.Plan.Interval})
	if r.line.paused {
		r.pauseLoad(soak.PhasePaused, "paused by an operator")
	}
}

// pauseLoad pauses the load; sessions stay open.
func (r *run) pauseLoad(phase soak.PhaseName, text string) {
	if r.line.phase.Loading() {
		r.line.warmLeft = max(0, r.line.warmUntil-r.now())
	}
	r.mark(phase, text)
	r.send(soak.Command{Do: soak.DoPause})
}

// resumeLoad resumes the load after a rest or a pause.
func (r *run) resumeLoad() {
	at := r.now()
	r.line.warmUntil = at + max(r.line.warmLeft, min(rewarm, r.Plan.Warmup))
	r.scheduleRest(at)
	r.mark(soak.PhaseWarmup, "the load resumes; its first seconds are not judged")
	r.send(soak.Command{Do: soak.DoStart})
}

func (r *run) scheduleRest(at time.Duration) {
	r.line.nextRest = 0
	if r.Plan.Rest.Every > 0 {
		r.line.nextRest = at + r.Plan.Rest.Every
	}
}

// send sends a command to the driver and invalidates its last reported state.
func (r *run) send(c soak.Command) {
	r.load.state = ""
	if err := r.Driver.Send(c); err != nil {
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: fmt.Sprintf("could not send the command %q to the load driver: %v", c.Do, err)})
	}
}

// advance moves the run to its next phase when that is due. It is called after each
// row.
func (r *run) advance(at time.Duration) {
	if r.line.rest != nil {
		r.restStep(at)
		return
	}
	if r.line.ending != "" || r.over(at) {
		r.startEnd()
		return
	}
	if r.line.phase == soak.PhasePaused {
		return
	}
	if r.line.phase == soak.PhaseWarmup && at >= r.line.warmUntil {
		r.mark(soak.PhaseSteady, "steady load; judged from here on")
	}
	if r.line.nextRest > 0 && at >= r.line.nextRest && r.line.loadFrom+r.Plan.Duration-at > r.Plan.Rest.Every/4 {
		r.startRest("the load pauses, sessions stay open")
		return
	}
	r.vary(at)
	r.takeTurns(at)
}

// over reports whether the load has lasted for the planned duration.
func (r *run) over(at time.Duration) bool { return at >= r.line.loadFrom+r.Plan.Duration }

// vary steps the rates up by a share and down by the same share, alternately. Steps
// that were due while the load was paused are skipped.
func (r *run) vary(at time.Duration) {
	for _, w := range r.Plan.Load {
		next, ok := r.line.nextVary[w.Name]
		if !ok || at < next {
			continue
		}
		factor := 1 + w.Vary.By
		if r.line.factor[w.Name] > 1 {
			factor = 1 - w.Vary.By
		}
		if next += w.Vary.Every; next <= at {
			next = at + w.Vary.Every
		}
		r.line.nextVary[w.Name] = next
		r.setRate(w, factor)
	}
}

// setRate sets a load's rate to a factor times the planned rate.
func (r *run) setRate(w soak.Workload, factor float64) {
	r.line.factor[w.Name] = factor
	r.note(soak.Event{At: r.stamp(), Kind: soak.EventRate, Process: soak.RoleDriver, Name: w.Name, Value: soak.Float(factor), Text: fmt.Sprintf("load %s at %.4g/s", w.Name, w.Rate*factor)})
	r.send(soak.Command{Do: soak.DoRate, Load: w.Name, Factor: factor})
}

// startEnd ends the load: first a rest with sessions open, if there are any, then a
// rest with all sessions closed.
func (r *run) startEnd() {
	if r.line.ending == "" {
		r.line.ending = soak.EndFinished
	}
	if r.Driver == nil {
		r.ended = r.line.ending
		return
	}
	r.line.nextRest = 0
	if !r.keepsSessions() {
		r.startDrain()
		return
	}
	r.startRest("the load has ended, sessions stay open")
}

func (r *run) startDrain() {
	r.mark(soak.PhaseDrain, "the load has ended, sessions are closed")
	r.send(soak.Command{Do: soak.DoDrain})
	r.line.rest = &rest{stage: stageQuiesce, awaited: soak.DriverDrained, since: r.now(), snapshot: soak.ProfileEnd, then: func() { r.ended = r.line.ending }}
}

// keepsSessions reports whether any load has sessions open between operations.
func (r *run) keepsSessions() bool {
	for _, w := range r.Plan.Load {
		if w.PerSession != 1 {
			return true
		}
	}
	return false
}

// takeOrder carries out an order of an operator. A pause ordered during a rest begins after
// the rest. After a rest ordered during a pause, the load stays paused.
func (r *run) takeOrder(o soak.Order) {
	r.note(soak.Event{Kind: soak.EventOperator, Name: string(o), Text: "ordered by an operator: " + string(o)})
	switch o {
	case soak.OrderStop:
		r.endEarly(soak.EndStopped)
	case soak.OrderInterrupt:
		r.endEarly(soak.EndInterrupted)
	case soak.OrderSnapshot:
		r.takeSnapshot(soak.ProfileOperator)
	case soak.OrderRest:
		if r.Driver != nil && r.line.rest == nil {
			r.startRest("ordered by an operator")
		}
	case soak.OrderPause:
		r.line.paused = true
		if r.Driver != nil && r.line.phase.Loading() {
			r.pauseLoad(soak.PhasePaused, "paused by an operator")
		}
	case soak.OrderResume:
		r.line.paused = false
		if r.line.phase == soak.PhasePaused {
			r.resumeLoad()
		}
	}
}

// endEarly ends the run before its planned end: at once if the load has not started.
func (r *run) endEarly(why soak.End) {
	if r.line.ending == "" {
		r.line.ending = why
	}
	if r.line.phase == soak.PhaseBaseline {
		r.ended = why
	}
}
