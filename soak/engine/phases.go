package engine

import (
	"fmt"
	"time"

	"soakmon/soak"
)

// rewarm is how long after a pause the load is not judged: pools refill, and
// the first garbage collection comes.
const rewarm = 5 * time.Second

// timeline is where the run stands.
type timeline struct {
	phase    soak.PhaseName
	rest     *rest         // not nil while at rest
	loadFrom time.Duration // the first load began
	steadyAt time.Duration // the present warm-up ends
	warmLeft time.Duration // of the warm-up, when the load last stopped
	nextRest time.Duration // 0: none
	nextVary map[string]time.Duration
	factor   map[string]float64 // of each load that varies or has turns, now
	turns    []turn             // in which the loads run alone
	slept    time.Duration      // suspends noted by now
	ending   soak.End           // empty until the run is to end
	paused   bool               // an operator wants the load paused
}

// mark begins a phase.
func (r *run) mark(phase soak.PhaseName, text string) {
	r.line.phase = phase
	r.note(soak.Event{At: r.stamp(), Kind: soak.EventPhase, Name: string(phase), Text: text})
}

func (r *run) startWatch() {
	r.mark(soak.PhaseWarmup, "watching; the beginning is not judged")
	r.line.loadFrom, r.line.steadyAt = 0, r.Plan.Warmup
}

func (r *run) startBaseline() {
	r.mark(soak.PhaseBaseline, "before the load")
	r.line.rest = &rest{stage: stageSettle, since: r.now(), still: r.now(), then: r.startLoad, snapshot: soak.ProfileStart}
}

// startLoad begins the first load.
func (r *run) startLoad() {
	at := r.now()
	r.line.loadFrom, r.line.steadyAt = at, at+r.Plan.Warmup
	r.scheduleRest(at)
	r.line.nextVary, r.line.factor = map[string]time.Duration{}, map[string]float64{}
	for i, w := range r.Plan.Load {
		if w.Vary.By > 0 { // not at once with the others, or nothing could be told apart by it
			r.line.nextVary[w.Name] = r.line.steadyAt + w.Vary.Every + w.Vary.Every*time.Duration(i)/time.Duration(len(r.Plan.Load))
		}
	}
	if r.Plan.Isolate {
		r.line.turns = turns(r.Plan.Load, r.line.steadyAt, at+r.Plan.Duration)
	}
	r.mark(soak.PhaseWarmup, "the load begins; not judged yet")
	r.send(soak.Command{Do: soak.DoStart, Loads: r.Plan.Load, Interval: r.Plan.Interval})
	if r.line.paused {
		r.pauseLoad(soak.PhasePaused, "the load is paused by a person")
	}
}

// pauseLoad stops the load for a while; sessions stay open.
func (r *run) pauseLoad(phase soak.PhaseName, text string) {
	if r.line.phase.Loading() {
		r.line.warmLeft = max(0, r.line.steadyAt-r.now())
	}
	r.mark(phase, text)
	r.send(soak.Command{Do: soak.DoPause})
}

// resumeLoad goes on with the load after a rest or a pause.
func (r *run) resumeLoad() {
	at := r.now()
	r.line.steadyAt = at + max(r.line.warmLeft, min(rewarm, r.Plan.Warmup))
	r.scheduleRest(at)
	r.mark(soak.PhaseWarmup, "the load goes on; its first seconds are not judged")
	r.send(soak.Command{Do: soak.DoStart})
}

func (r *run) scheduleRest(at time.Duration) {
	r.line.nextRest = 0
	if r.Plan.Rest.Every > 0 {
		r.line.nextRest = at + r.Plan.Rest.Every
	}
}

// send gives the driver an order. What it said of its state before holds no more.
func (r *run) send(c soak.Command) {
	r.load.state = ""
	if err := r.Driver.Send(c); err != nil {
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: fmt.Sprintf("the driver cannot be told to %s: %v", c.Do, err)})
	}
}

// advance moves the run on: it is called after each row.
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
	if r.line.phase == soak.PhaseWarmup && at >= r.line.steadyAt {
		r.mark(soak.PhaseSteady, "steady load: judged from here on")
	}
	if r.line.nextRest > 0 && at >= r.line.nextRest && r.line.loadFrom+r.Plan.Duration-at > r.Plan.Rest.Every/4 {
		r.startRest("the load pauses, sessions stay open")
		return
	}
	r.vary(at)
	r.takeTurns(at)
}

// over reports whether the load has lasted as long as planned.
func (r *run) over(at time.Duration) bool { return at >= r.line.loadFrom+r.Plan.Duration }

// vary steps the rates: up by a share, down by the same share, in turns. Steps
// that came due while the load was paused are left out.
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

// setRate sets a load's rate to a factor times its plan.
func (r *run) setRate(w soak.Workload, factor float64) {
	r.line.factor[w.Name] = factor
	r.note(soak.Event{At: r.stamp(), Kind: soak.EventRate, Process: soak.RoleDriver, Name: w.Name, Value: soak.Float(factor), Text: fmt.Sprintf("load %s at %.4g/s", w.Name, w.Rate*factor)})
	r.send(soak.Command{Do: soak.DoRate, Load: w.Name, Factor: factor})
}

// startEnd begins the end: a last rest with sessions kept open where there are
// any, then one with all of them closed.
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
	r.mark(soak.PhaseDrain, "sessions are closed")
	r.send(soak.Command{Do: soak.DoDrain})
	r.line.rest = &rest{stage: stageQuiet, quiet: soak.DriverDrained, since: r.now(), snapshot: soak.ProfileEnd, then: func() { r.ended = r.line.ending }}
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

// order does what a person asked for. A pause asked for at rest begins after
// it; a rest in a pause goes back to the pause.
func (r *run) order(o soak.Order) {
	r.note(soak.Event{Kind: soak.EventOperator, Name: string(o), Text: "asked for by a person: " + string(o)})
	switch o {
	case soak.OrderStop:
		r.end(soak.EndStopped)
	case soak.OrderInterrupt:
		r.end(soak.EndInterrupted)
	case soak.OrderSnapshot:
		r.snapshot(soak.ProfileOperator)
	case soak.OrderRest:
		if r.Driver != nil && r.line.rest == nil {
			r.startRest("asked for by a person")
		}
	case soak.OrderPause:
		r.line.paused = true
		if r.Driver != nil && r.line.phase.Loading() {
			r.pauseLoad(soak.PhasePaused, "the load is paused by a person")
		}
	case soak.OrderResume:
		r.line.paused = false
		if r.line.phase == soak.PhasePaused {
			r.resumeLoad()
		}
	}
}

// end makes the run end early: at once while there was no load yet.
func (r *run) end(why soak.End) {
	if r.line.ending == "" {
		r.line.ending = why
	}
	if r.line.phase == soak.PhaseBaseline {
		r.ended = why
	}
}
