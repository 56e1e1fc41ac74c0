// Package engine executes one run: it steps through the run's phases, reads the
// probes on every tick, records each row, judges at every look and raises alerts.
//
//	target, driver ──events, tallies──▶ engine ──rows, events, profiles──▶ Recorder
//	                                     │  ▲
//	                            looks    ▼  │ verdicts
//	                                   Detector
//
// One goroutine owns all state. The only other goroutine fetches profiles, one set
// at a time. Memory use is constant: series are stored reduced and histograms
// merged. Only the list of phases and rests grows with the length of the run, by
// about 5 KB per rest. Package time is the only clock, so a day passes in seconds
// under testing/synctest.
package engine

import (
	"context"
	"fmt"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// Driver is the load driver: it takes commands and sends tallies. The channel of
// Tallies is closed when the driver exits.
type Driver interface {
	Tallies() <-chan soak.Tally
	Send(soak.Command) error
}

// Target is the server under test. Process returns false while it is down.
type Target interface {
	Process() (soak.Process, bool)
	Events() <-chan soak.Event
}

// Recorder stores the run.
type Recorder interface {
	Append(soak.Row) error
	Note(soak.Event) error
	PutProfile(soak.ProfileMeta, []byte) error
	PutHistogram(soak.Histogram) error
	Enqueue(soak.Alert) error
}

// Sampler reads the probes of one process: Tick those that are due at a time since
// the run's start, ReadAll all of them.
type Sampler interface {
	Tick(ctx context.Context, at time.Duration) ([]soak.Sample, []soak.Event)
	ReadAll(ctx context.Context) ([]soak.Sample, []soak.Event)
	Close()
}

// Fetch takes one profile of a process.
type Fetch func(ctx context.Context, p soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error)

// Config is everything that a run needs. Driver is nil in a watch.
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
	Events   <-chan soak.Event    // of soak's own processes other than the driver; an exit ends the run; may be nil
	Status   func(Status)         // called after every tick; may be nil
	Asleep   func() time.Duration // total time the machine has been suspended; may be nil
}

// Run executes the plan and returns why the run ended. It returns an error only if
// the recording failed; a dead target is a result, not an error. If ctx ends, Run
// returns at once, without draining the load.
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
			r.takeTally(t, ok)
		case e, ok := <-r.targetEvents:
			r.takeTargetEvent(e, ok)
		case e := <-c.Events:
			r.note(e)
			if e.Kind == soak.EventExit && r.ended == "" {
				r.ended = soak.EndRelayDead
			}
		case s := <-r.profiler.done:
			r.storeProfiles(s)
		case o := <-c.Orders:
			r.takeOrder(o)
		}
		r.idleFrom = r.now()
	}
	r.finish()
	return r.ended, r.err
}

// run is the state of a run. Only the goroutine of Run touches it.
type run struct {
	Config
	ctx   context.Context
	start time.Time

	lastAt       time.Duration // time of the newest row
	row          soak.Row      // the newest
	recent       []soak.Event  // the newest ones, for [Status]
	lastNote     time.Duration // time of the newest event
	lastTick     time.Duration
	idleFrom     time.Duration // since when the loop has waited for the next event
	asleepBefore time.Duration // Asleep at the start of the run

	targetProcess soak.Process // sampled as the target, while targetUp
	targetUp      bool
	samplers      map[string]Sampler // by role
	targetEvents  <-chan soak.Event
	tallies       <-chan soak.Tally

	line        timeline
	load        loadState
	history     *history
	profiler    *profiler
	alerts      *alertStates
	verdicts    []judge.Judged
	lastLook    time.Duration // time of the last look
	pairsJudged int           // number of pairs of rounds as of the last look that updated the alerts
	lastOwnLook time.Duration // time of the last look at soak's own processes

	ended   soak.End
	failing time.Time // since when the recording has failed; zero if it works
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
		profiler:     newProfiler(),
		alerts:       newAlertStates(c.ID),
	}
	if c.Driver != nil {
		r.tallies = c.Driver.Tallies()
	}
	if c.Asleep != nil {
		r.asleepBefore = c.Asleep()
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

// now is the time since the run's start, suspends included. It has the resolution
// of the store, 1 ms, so that an event and its row have the same time.
func (r *run) now() time.Duration {
	return (time.Since(r.start) + r.slept()).Truncate(time.Millisecond)
}

func (r *run) slept() time.Duration {
	if r.Asleep == nil {
		return 0
	}
	return r.Asleep() - r.asleepBefore
}

// stamp is the time of an event that takes effect now: strictly after the newest row, so
// that a row never belongs to two phases or to two processes.
func (r *run) stamp() time.Duration { return max(r.now(), r.lastAt+time.Millisecond) }

// nextTick is the next multiple of the interval since the run's start.
func (r *run) nextTick() time.Time {
	elapsed := time.Since(r.start) + r.slept()
	return time.Now().Add(r.Plan.Interval - elapsed%r.Plan.Interval)
}

// note records an event, with the current time if it has none. Times of events
// never decrease.
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
	r.recorded(r.Recorder.Note(e))
}

// patience is how long the recording may fail, for example on a full disk, before
// the run ends. Until then the recorder buffers what it could not write.
const patience = time.Minute

// recorded takes the result of a write to the recorder. The run ends if writes fail
// for longer than patience. Only a stored row resets that time, see record.
func (r *run) recorded(err error) {
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
	r.profiler.close()
}

// finish completes the recording: the last histograms, the newest error of each
// kind, the last look.
func (r *run) finish() {
	r.flushHistograms()
	for _, w := range r.Plan.Load {
		r.noteErrors(r.load.last[w.Name], 1)
	}
	if r.err == nil {
		r.judge()
	}
	r.publishStatus()
}
