package engine

import (
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// stillFor is how long fds and goroutines must hold before the target counts
// as settled; quietWithin bounds the wait for operations under way; impatient
// is the settling time allowed when a person waits for the end.
const (
	stillFor    = 5 * time.Second
	quietWithin = 30 * time.Second
	impatient   = 10 * time.Second
)

// stage is how far a rest has got.
type stage int

const (
	stageQuiet    stage = iota // operations under way end
	stageSettle                // the target's fds and goroutines hold still
	stageHold                  // kept at rest
	stageSampling              // a collection is forced, everything is read
)

// rest is one rest in progress.
type rest struct {
	stage    stage
	quiet    soak.DriverState // to wait for
	since    time.Duration
	still    time.Duration // unchanged since then
	held     time.Duration
	last     [2]float64         // fds and goroutines at the tick before
	snapshot soak.ProfileReason // why profiles are taken at this rest
	then     func()
}

// startRest pauses the load for one rest.
func (r *run) startRest(text string) {
	r.pauseLoad(soak.PhaseRest, text)
	r.line.rest = &rest{stage: stageQuiet, quiet: soak.DriverPaused, since: r.now(), snapshot: soak.ProfileRest, then: r.afterRest}
}

// afterRest goes on with the load, unless a person has paused it or the run is
// to end.
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

// restStep moves a rest on by at most one stage a tick.
func (r *run) restStep(at time.Duration) {
	rest := r.line.rest
	switch rest.stage {
	case stageQuiet:
		if r.load.state == rest.quiet {
			rest.stage, rest.since, rest.still = stageSettle, at, at
		} else if at-rest.since >= quietWithin {
			r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleDriver, Text: fmt.Sprintf("operations were still under way %s after the pause; the rest goes on regardless", quietWithin)})
			rest.stage, rest.since, rest.still = stageSettle, at, at
		}
	case stageSettle:
		r.settleStep(rest, at)
	case stageHold:
		if at-rest.held >= r.Plan.Rest.For {
			r.startSampling(rest)
		}
	}
}

func (r *run) settleStep(rest *rest, at time.Duration) {
	now := [2]float64{r.history.latest("fds"), r.history.latest("goroutines")}
	if moved(now, rest.last) {
		rest.last, rest.still = now, at
	}
	settle := r.Plan.Rest.Settle
	if r.line.ending == soak.EndInterrupted {
		settle = min(settle, impatient)
	}
	settled := at-rest.still >= stillFor
	if !settled && at-rest.since < settle {
		return
	}
	if !settled {
		r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleTarget, Text: fmt.Sprintf("fds or goroutines of the target still changed %s after the load had stopped", human.Duration(settle))})
	}
	rest.stage, rest.held = stageHold, at
}

// flicker is by how many fds or goroutines readings of a settled target differ:
// the connection that reads them may be one, and its handler another.
const flicker = 1

// moved compares two readings; not measured equals not measured.
func moved(now, last [2]float64) bool {
	for i := range now {
		if math.IsNaN(now[i]) != math.IsNaN(last[i]) || math.Abs(now[i]-last[i]) > flicker {
			return true
		}
	}
	return false
}

// startSampling takes a rest sample of everything, then forces a garbage
// collection where the target can be asked for one (a heap snapshot does it)
// and takes another.
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
	r.request(request{rest.snapshot, func(collected bool) {
		if collected {
			r.restSample(soak.ForcedGC)
		}
		ended()
	}})
}

// restSample reads everything at once, as a row of its own.
func (r *run) restSample(name string) {
	row := r.read(r.now(), true)
	row.At = r.stamp()
	r.append(row)
	r.history.addRest(row, name == soak.ForcedGC)
	var open int64
	for _, t := range r.load.last {
		open += t.Open
	}
	r.note(soak.Event{At: row.At, Kind: soak.EventRest, Name: name, Value: soak.Float(open), Text: fmt.Sprintf("rest sample with %d sessions open", open)})
}
