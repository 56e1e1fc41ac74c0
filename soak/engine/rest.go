package engine

import (
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// A target has settled once its numbers of fds and goroutines have been constant
// for settledAfter. The wait for operations in flight is at most quiesceLimit. After
// an interrupt, whose sender waits for the end, settling takes at most
// interruptedSettle.
const (
	settledAfter      = 5 * time.Second
	quiesceLimit      = 30 * time.Second
	interruptedSettle = 10 * time.Second
)

// stage is a step of a rest.
type stage int

const (
	stageQuiesce  stage = iota // wait until operations in flight have completed
	stageSettle                // wait until the target has settled
	stageHold                  // keep the target at rest for Rest.For
	stageSampling              // read all probes, force a collection, read them again
)

// rest is one rest in progress.
type rest struct {
	stage          stage
	awaited        soak.DriverState // state to wait for while quiescing
	since          time.Duration
	unchangedSince time.Duration // fds and goroutines have been constant since
	holdFrom       time.Duration
	last           [2]float64         // fds and goroutines at the previous tick
	snapshot       soak.ProfileReason // reason of the profiles of this rest
	then           func()
}

// startRest pauses the load for one rest.
func (r *run) startRest(text string) {
	r.pauseLoad(soak.PhaseRest, text)
	r.line.rest = &rest{stage: stageQuiesce, awaited: soak.DriverPaused, since: r.now(), snapshot: soak.ProfileRest, then: r.afterRest}
}

// afterRest resumes the load, unless an operator has paused it or the run is
// ending.
func (r *run) afterRest() {
	if r.line.ending == "" && r.over(r.now()) {
		r.line.ending = soak.EndFinished
	}
	switch {
	case r.line.ending != "":
		r.startDrain()
	case r.line.paused:
		r.mark(soak.PhasePaused, "the load stays paused")
	default:
		r.resumeLoad()
	}
}

// restStep advances a rest by at most one stage per tick.
func (r *run) restStep(at time.Duration) {
	rest := r.line.rest
	switch rest.stage {
	case stageQuiesce:
		if r.load.state == rest.awaited {
			rest.stage, rest.since, rest.unchangedSince = stageSettle, at, at
		} else if at-rest.since >= quiesceLimit {
			r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleDriver, Text: fmt.Sprintf("operations were still in flight %s after the pause; the rest continues with them", quiesceLimit)})
			rest.stage, rest.since, rest.unchangedSince = stageSettle, at, at
		}
	case stageSettle:
		r.settleStep(rest, at)
	case stageHold:
		if at-rest.holdFrom >= r.Plan.Rest.For {
			r.startSampling(rest)
		}
	}
}

func (r *run) settleStep(rest *rest, at time.Duration) {
	now := [2]float64{r.history.latest("fds"), r.history.latest("goroutines")}
	if moved(now, rest.last) {
		rest.last, rest.unchangedSince = now, at
	}
	settle := r.Plan.Rest.Settle
	if r.line.ending == soak.EndInterrupted {
		settle = min(settle, interruptedSettle)
	}
	settled := at-rest.unchangedSince >= settledAfter
	if !settled && at-rest.since < settle {
		return
	}
	if !settled {
		r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleTarget, Text: fmt.Sprintf("the fds or goroutines of the target were still changing %s after the load stopped", human.Duration(settle))})
	}
	rest.stage, rest.holdFrom = stageHold, at
}

// flicker is the difference between two readings of a settled target: the
// connection that reads them may count as an fd, and its handler as a goroutine.
const flicker = 1

// moved reports whether two readings differ by more than flicker. A NaN equals a
// NaN only.
func moved(now, last [2]float64) bool {
	for i := range now {
		if math.IsNaN(now[i]) != math.IsNaN(last[i]) || math.Abs(now[i]-last[i]) > flicker {
			return true
		}
	}
	return false
}

// startSampling takes a rest sample of every series. Then, if the target serves
// profiles, it forces a garbage collection (a heap profile does) and takes another.
func (r *run) startSampling(rest *rest) {
	rest.stage = stageSampling
	r.restSample("")
	ended := func() {
		r.line.rest = nil
		rest.then()
	}
	if len(r.Plan.Profiles.Kinds) == 0 {
		ended()
		return
	}
	r.requestProfiles(profileRequest{rest.snapshot, func(collected bool) {
		if collected {
			r.restSample(soak.ForcedGC)
		}
		ended()
	}})
}

// restSample reads every probe and records a separate row.
func (r *run) restSample(name string) {
	row := r.readProbes(r.now(), true)
	row.At = r.stamp()
	r.record(row)
	r.history.addRest(row, name == soak.ForcedGC)
	var open int64
	for _, t := range r.load.last {
		open += t.Open
	}
	r.note(soak.Event{At: row.At, Kind: soak.EventRest, Name: name, Value: soak.Float(open), Text: fmt.Sprintf("rest sample with %d sessions open", open)})
}
