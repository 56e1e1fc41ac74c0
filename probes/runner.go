package probes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

const (
	readLimit   = 5 * time.Second // longest time that one read of a slow probe may take
	patience    = readLimit + time.Second
	retryAfter  = time.Second // after the first failure; doubles each time
	retryAtMost = time.Minute
	coldReads   = 5
	coldPause   = 2 * time.Second
)

// runner reads one probe at its pace and turns its failures into gaps and
// events. Only the set's caller uses it; the read itself may run on another
// goroutine, which hands over its reading through done.
type runner struct {
	spec
	probe   Probe
	process soak.Process
	share   float64 // of a core
	judged  Stretch
	known   []soak.Metric // families, as of the last time the probe was idle

	done    chan reading // nil unless a read is in progress
	started time.Time    // of the newest read
	due     time.Time    // of the next one
	gap     time.Time    // of the next NaN while it fails
	costs   [16]time.Duration
	reads   int
	fails   int      // in a row
	names   []string // delivered by the last good read
	lost    []string // those of them that fail now
	told    []string // notes
}

// reading is what one read brought.
type reading struct {
	samples []soak.Sample
	notes   []string
	err     error
	cost    time.Duration
}

func (r *runner) running() bool { return r.done != nil }

// tick does what is due now; the error is [ErrGone].
func (r *runner) tick(ctx, background context.Context, b *batch) error {
	if r.running() {
		if err := r.collect(b); err != nil {
			return err
		}
	}
	if !r.running() && !b.now.Before(r.due) {
		r.started = b.now
		if r.class == fast {
			if err := r.take(b, r.read(ctx)); err != nil {
				return err
			}
		} else {
			r.start(background)
		}
	}
	r.miss(b)
	return nil
}

func (r *runner) start(ctx context.Context) {
	done := make(chan reading, 1)
	r.done = done
	go func() {
		ctx, cancel := context.WithTimeout(ctx, readLimit)
		defer cancel()
		done <- r.read(ctx)
	}()
}

// collect takes a finished read, or fails one that hangs.
func (r *runner) collect(b *batch) error {
	select {
	case got := <-r.done:
		r.done = nil
		return r.take(b, got)
	default:
	}
	if b.now.Sub(r.started) > patience {
		r.fail(b, nil, fmt.Errorf("no answer for %v, still waiting", patience))
	}
	return nil
}

// readNow starts a new read and waits for it; the error is [ErrGone].
func (r *runner) readNow(ctx, background context.Context, b *batch) error {
	defer r.miss(b)
	if r.class == fast {
		return r.take(b, r.read(ctx))
	}
	limit, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	if r.running() {
		r.wait(limit)
	}
	if !r.running() {
		r.started = time.Now()
		r.start(background)
		if got, ok := r.wait(limit); ok {
			return r.take(b, got)
		}
	}
	r.fail(b, nil, errors.New("no answer in time for the sample at rest"))
	return nil
}

// wait waits for the read in progress.
func (r *runner) wait(limit context.Context) (got reading, ok bool) {
	select {
	case got = <-r.done:
		r.done = nil
		return got, true
	case <-limit.Done():
		return reading{}, false
	}
}

// read reads the probe, and measures what a slow one costs.
func (r *runner) read(ctx context.Context) (got reading) {
	switch {
	case r.class == fast:
		got.samples, got.err = r.probe.Read(ctx, r.process)
	case r.remote:
		before, _ := procfs.CPUTime(r.process.PID) // where it is not known, the time that passes counts
		start := time.Now()
		got.samples, got.err = r.probe.Read(ctx, r.process)
		got.cost = time.Since(start)
		if after, err := procfs.CPUTime(r.process.PID); err == nil && after > before { // else another process answered
			got.cost = min(got.cost, after-before)
		}
	default:
		runtime.LockOSThread()
		start := threadTime()
		got.samples, got.err = r.probe.Read(ctx, r.process)
		got.cost = threadTime() - start
		runtime.UnlockOSThread()
	}
	if n, ok := r.probe.(noter); ok {
		got.notes = n.notes()
	}
	return got
}

// take adds a reading to the batch and sets when the next one is due; the
// error is [ErrGone].
func (r *runner) take(b *batch, got reading) error {
	if errors.Is(got.err, ErrGone) {
		return got.err
	}
	b.samples = append(b.samples, got.samples...)
	for _, note := range got.notes {
		if !slices.Contains(r.told, note) {
			r.told = append(r.told, note)
			b.tell(r.name, note, 0)
		}
	}
	if got.err != nil {
		r.fail(b, got.samples, got.err)
		return nil
	}
	if r.fails > 0 {
		b.tell(r.name, fmt.Sprintf("probe %s works again", r.name), 0)
	}
	r.fails, r.lost = 0, r.lost[:0]
	r.names = r.names[:0]
	for _, s := range got.samples {
		r.names = append(r.names, s.Metric)
	}
	r.due = r.started.Add(r.pause(got.cost, b.at))
	return nil
}

// pause is the time from the start of a read of that cost to the next one:
// the probe's cadence, or longer to stay within its share of a core. The
// cheapest of the last reads counts, because a busy machine makes any single one
// look expensive. The first reads are cold (a new connection, pages not touched
// before) and do not predict the next ones. A probe whose figures are judged comes
// often enough in a short run, and most often where that narrows the slope most.
func (r *runner) pause(cost, at time.Duration) time.Duration {
	if r.class == fast {
		return 0
	}
	r.costs[r.reads%len(r.costs)] = cost
	r.reads++
	cost = slices.Min(r.costs[:min(r.reads, len(r.costs))])
	wait := time.Duration(float64(cost) / r.share)
	if r.reads < coldReads {
		wait = min(wait, coldPause)
	}
	if r.own {
		wait = r.judged.pause(wait, cost, at)
	}
	return max(r.cadence(), wait)
}

// cadence is slightly less than every, so that a tick that comes a moment early is
// not missed.
func (r *runner) cadence() time.Duration { return r.every - r.every/20 }

// fail reports the first failure in a row and sets when to try again.
func (r *runner) fail(b *batch, got []soak.Sample, err error) {
	if r.fails == 0 {
		b.tell(r.name, fmt.Sprintf("probe %s fails: %v", r.name, err), 1)
		r.gap = b.now
	}
	r.lose(got)
	wait := retryAtMost
	if r.fails < 10 {
		wait = min(max(r.every, retryAfter)<<r.fails, retryAtMost)
	}
	r.fails++
	r.due = b.now.Add(max(wait-wait/20, r.cadence()))
}

// lose makes gaps of all metrics delivered by the last good read but those
// that came nevertheless.
func (r *runner) lose(got []soak.Sample) {
	r.lost = r.lost[:0]
	for _, name := range r.names {
		if !slices.ContainsFunc(got, func(s soak.Sample) bool { return s.Metric == name }) {
			r.lost = append(r.lost, name)
		}
	}
}

// miss adds the gaps that are due, at the cadence at which samples would be.
func (r *runner) miss(b *batch) {
	if len(r.lost) == 0 || b.now.Before(r.gap) {
		return
	}
	r.gap = b.now.Add(r.cadence())
	for _, name := range r.lost {
		b.samples = append(b.samples, soak.Sample{SeriesID: soak.SeriesOf(r.process.Role, name), Value: math.NaN()})
	}
}

func (r *runner) close() {
	if r.running() {
		select {
		case <-r.done:
		case <-time.After(patience):
			return // its files go with it, or with the monitor
		}
	}
	r.probe.Close()
}
