// Package engine is one run: it keeps the run's phases, reads the probes on
// every tick, records each row, judges at every look and raises alerts.
//
//	target, driver ──events, tallies──▶ engine ──rows, events, profiles──▶ Recorder
//	                                     │  ▲
//	                            looks    ▼  │ verdicts
//	                                   Detector
//
// One goroutine owns all state; the only others fetch profiles, one at a time.
// Memory is flat: series are kept reduced, histograms merged, and nothing grows
// with the length of the run but its list of phases and rests (some 5 KB a rest). Time is read
// through package time alone, so a day passes in seconds under testing/synctest.
package engine

import (
	"context"
	"fmt"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// Driver is the load: orders in, tallies out. Its channel closes when it dies.
type Driver interface {
	Tallies() <-chan soak.Tally
	Send(soak.Command) error
}

// Target is the server under test. Process is false while it is down.
type Target interface {
	Process() (soak.Process, bool)
	Events() <-chan soak.Event
}

// Recorder keeps everything.
type Recorder interface {
	Append(soak.Row) error
	Note(soak.Event) error
	PutProfile(soak.ProfileMeta, []byte) error
	PutHistogram(soak.Histogram) error
	Enqueue(soak.Alert) error
}

// Sampler reads all probes of one process.
type Sampler interface {
	Tick(ctx context.Context, at time.Duration) ([]soak.Sample, []soak.Event)
	ReadAll(ctx context.Context) ([]soak.Sample, []soak.Event)
	Close()
}

// Fetch gets one profile of a process.
type Fetch func(ctx context.Context, p soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error)

// Config is all that a run needs. Driver is nil in a watch.
type Config struct {
	ID       string
	Plan     soak.Plan
	Facts    soak.Facts
	Target   Target
	Driver   Driver
	Own      []soak.Process // the driver's and the monitor's own processes
	Open     func(soak.Process) Sampler
	Fetch    Fetch
	Recorder Recorder
	Detector judge.Detector
	Orders   <-chan soak.Order
	Events   <-chan soak.Event    // of our own processes beside the driver: an exit ends the run; may be nil
	Status   func(Status)         // called after every tick; may be nil
	Asleep   func() time.Duration // total time the machine has been suspended; may be nil
}

// Run runs the plan to its end and says why it ended. It returns an error only
// where the recording itself failed; a dead target is a result, not an error.
// When ctx ends, Run returns at once, without draining.
func Run(ctx context.Context, c Config) (ended soak.End, err error) {
	r := newRun(ctx, c)
	defer r.close()
	r.begin()
	tick := time.NewTimer(c.Plan.Interval)
	defer tick.Stop()
	for r.ended == "" {
		select {
		case <-ctx.Done():
			r.note(soak.Event{Kind: soak.EventNote, Text: "stopped at once, without draining the load"})
			r.ended = soak.EndInterrupted
		case <-tick.C:
			r.tick()
			tick.Reset(time.Until(r.nextTick()))
		case t, ok := <-r.tallies:
			r.tally(t, ok)
		case e, ok := <-r.targetEvents:
			r.targetEvent(e, ok)
		case e := <-c.Events:
			r.note(e)
			if e.Kind == soak.EventExit && r.ended == "" {
				r.ended = soak.EndRelayDead
			}
		case s := <-r.snaps.done:
			r.snapshotDone(s)
		case o := <-c.Orders:
			r.order(o)
		}
	}
	r.finish()
	return r.ended, r.err
}

// run is the state of a run. Only the goroutine of Run touches it.
type run struct {
	Config
	ctx   context.Context
	start time.Time

	lastAt   time.Duration // of the newest row
	row      soak.Row      // the newest
	recent   []soak.Event  // the newest, for people who watch
	lastNote time.Duration // of the newest event
	lastTick time.Duration
	asleep   time.Duration

	target       soak.Process
	targetUp     bool
	samplers     map[string]Sampler // by role
	targetEvents <-chan soak.Event
	tallies      <-chan soak.Tally

	line    timeline
	load    loadState
	history *history
	snaps   *snapshots
	book    *book
	judged  []judge.Judged
	look    time.Duration // of the last look
	lookOwn time.Duration // of the last one at our own processes

	ended   soak.End
	failing time.Time // the recording has failed since; zero where it works
	err     error
}

func newRun(ctx context.Context, c Config) *run {
	r := &run{
		Config:       c,
		ctx:          ctx,
		start:        time.Now(),
		samplers:     map[string]Sampler{},
		targetEvents: c.Target.Events(),
		history:      newHistory(c.Plan),
		snaps:        newSnapshots(),
		book:         newBook(c.ID),
	}
	if c.Driver != nil {
		r.tallies = c.Driver.Tallies()
	}
	if c.Asleep != nil {
		r.asleep = c.Asleep()
	}
	r.load = newLoadState(c.Plan.Load)
	return r
}

// begin opens the samplers and the first phase.
func (r *run) begin() {
	for _, p := range r.Own {
		r.samplers[p.Role] = r.Open(p)
	}
	r.openTarget()
	if r.Driver == nil {
		r.startWatch()
		return
	}
	r.startBaseline()
}

// now is the time on the run's line. The store keeps milliseconds, so nothing
// here is finer: a mark and the row it belongs to carry the same time.
func (r *run) now() time.Duration {
	return (time.Since(r.start) + r.slept()).Truncate(time.Millisecond)
}

func (r *run) slept() time.Duration {
	if r.Asleep == nil {
		return 0
	}
	return r.Asleep() - r.asleep
}

// stamp is the time of a mark made now: strictly behind the newest row, so that
// a row never belongs to two phases or two lives of a process.
func (r *run) stamp() time.Duration { return max(r.now(), r.lastAt+time.Millisecond) }

// nextTick is the next whole multiple of the interval on the run's line.
func (r *run) nextTick() time.Time {
	elapsed := time.Since(r.start) + r.slept()
	return time.Now().Add(r.Plan.Interval - elapsed%r.Plan.Interval)
}

// note records an event, now where it has no time. Events come in order.
func (r *run) note(e soak.Event) {
	if e.At == 0 {
		e.At = r.now()
	}
	if e.Wall.IsZero() {
		e.Wall = time.Now()
	}
	e.At = max(e.At.Truncate(time.Millisecond), r.lastNote)
	r.lastNote = e.At
	r.history.note(e)
	r.recent = append(r.recent[max(0, len(r.recent)-recentEvents+1):], e)
	r.keep(r.Recorder.Note(e))
}

// patience is how long the recording may fail (a full disk) before the run
// ends: the recorder keeps what it could not write, within bounds.
const patience = time.Minute

// keep takes the outcome of a recording in; failure that lasts ends the run.
// Only a row that was kept shows that it works again.
func (r *run) keep(err error) {
	switch {
	case err == nil:
	case r.failing.IsZero():
		r.failing = time.Now()
	case time.Since(r.failing) > patience && r.err == nil:
		r.ended, r.err = soak.EndError, fmt.Errorf("recording has failed for %s: %w", patience, err)
	}
}

func (r *run) close() {
	for _, s := range r.samplers {
		s.Close()
	}
	r.snaps.close()
}

// finish leaves the recording complete: the last histograms, the newest error of
// each kind, the last look.
func (r *run) finish() {
	r.flushHistograms()
	for _, w := range r.Plan.Load {
		r.tellErrors(r.load.last[w.Name], 1)
	}
	if r.err == nil {
		r.judge()
	}
	r.status()
}
