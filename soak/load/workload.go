package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"soakmon/soak"
)

const (
	defaultTimeout = 10 * time.Second
	rampTime       = time.Second     // over which kept sessions are opened
	dirtyHold      = 3 * time.Second // longest time that a dirty session lingers
	exampleLength  = 300             // of an error's text, in bytes

	patience     = time.Second           // longest delay of an operation that is not late
	lastPatience = 10 * time.Millisecond // the same, at the end of a stretch
)

// workload is one load in progress: its slots, its pacer and its counters.
//
//	pace ──due──> pick a slot ──order──> slot: open, Do, verify ──> counters, histograms
//
// start, setFactor, pause and drain are called from one goroutine, tally from
// another.
type workload struct {
	spec       soak.Workload
	opener     Opener
	ctx        context.Context // ends the sessions
	sleepUntil func(time.Time)
	warn       func(string)

	factor   float64 // on the planned rate
	idle     bool    // under way at a factor of 0
	phase    float64 // share of a period that was left when the rate last changed
	slots    []*slot // none when drained
	ramped   int     // slots that were opened in their turn
	workers  sync.WaitGroup
	underWay sync.WaitGroup // operations, openings and dirty sessions
	release  chan struct{}  // closed: what lingers ends

	// Of the pacer:
	next   uint64 // number of the next operation
	cursor int
	dirty  []*dirtyKind
	ready  atomic.Int64 // slots to prefer

	mu       sync.Mutex
	stretch  *stretch // nil in a pause
	before   uint64   // operations due in the stretches before
	errors   map[string]int64
	examples map[string]string // text of the newest error of each kind

	lag, latency, service, connect *recorder

	operations, failed, late atomic.Int64
	sent, received           atomic.Int64
	sessions, open, inFlight atomic.Int64
	dirtyInFlight            atomic.Int64
	taken                    atomic.Int64 // slots that have an operation to do
}

// stretch is a time of one rate.
type stretch struct {
	schedule
	begun   time.Time
	end     atomic.Int64 // nanoseconds after begun; nothing due later is started
	stop    chan struct{}
	done    sync.WaitGroup
	started uint64 // operations, once done
	counted uint64 // operations due by the last tally
}

func newWorkload(ctx context.Context, spec soak.Workload, opener Opener, lag *recorder) *workload {
	if spec.Timeout <= 0 {
		spec.Timeout = defaultTimeout
	}
	return &workload{spec: spec, opener: opener, ctx: ctx, factor: 1, dirty: dirtyKinds(spec.Name, spec.Dirty), errors: map[string]int64{}, examples: map[string]string{},
		lag: lag, latency: newRecorder(), service: newRecorder(), connect: newRecorder()}
}

// validate checks what this package needs.
func validate(spec soak.Workload, opener Opener) error {
	_, dirtier := opener.(Dirtier)
	switch {
	case !(spec.Rate >= 0) || math.IsInf(spec.Rate, 0):
		return fmt.Errorf("load %q: rate is %v; it must be a number of operations per second", spec.Name, spec.Rate)
	case spec.Concurrency < 1:
		return fmt.Errorf("load %q: concurrency is %d; it must be at least 1", spec.Name, spec.Concurrency)
	case spec.PerSession < 0:
		return fmt.Errorf("load %q: requests_per_session is %d; it must be 0 (kept) or more", spec.Name, spec.PerSession)
	case len(spec.Dirty) > 0 && !dirtier:
		return fmt.Errorf("load %q: protocol %s has no dirty sessions", spec.Name, spec.Protocol)
	}
	return nil
}

// start begins or resumes the load. It does not affect operations in progress.
func (w *workload) start() {
	if w.stretch != nil {
		return
	}
	if w.idle = w.factor == 0; w.idle {
		return
	}
	if w.slots == nil {
		w.ramped = 0
		for i := range w.spec.Concurrency {
			s := newSlot(w, i)
			w.slots = append(w.slots, s)
			w.workers.Go(s.run)
		}
	}
	w.release = make(chan struct{})
	w.begin()
}

func (w *workload) begin() {
	s := &stretch{schedule: schedule{w.spec.Rate * w.factor, w.phase}, begun: time.Now(), stop: make(chan struct{})}
	s.end.Store(math.MaxInt64)
	w.mu.Lock()
	w.stretch = s
	w.mu.Unlock()
	s.done.Go(func() { w.pace(s) })
	w.ready.Store(int64(w.prefer()))
	if w.spec.PerSession != 1 {
		s.done.Go(func() { w.ramp(s) })
	}
}

// prefer is the number of slots, from the first, that operations should go to.
// Operations at a higher rate than the ramp's would open all sessions in a
// burst; they share those that are open. At a lower rate they open what they
// come to, so that the slots are in turn from the very first.
func (w *workload) prefer() int {
	burst := w.spec.Rate*w.factor*rampTime.Seconds() > float64(len(w.slots))
	if burst && w.spec.PerSession != 1 {
		return w.ramped
	}
	return len(w.slots)
}

// halt ends the stretch: what is due by now is started, nothing after it.
func (w *workload) halt() {
	s := w.stretch
	if s == nil {
		return
	}
	end := time.Since(s.begun)
	s.end.Store(int64(end))
	close(s.stop)
	s.done.Wait()
	if next, ok := s.due(s.started); ok {
		w.phase = min(max((next-end).Seconds()*w.spec.Rate*w.factor, 0), 1)
	}
	w.mu.Lock()
	w.before += s.started
	w.stretch = nil
	w.mu.Unlock()
}

// setFactor sets the rate to factor times the planned one. Operations stay evenly
// spaced across the change; at 0 all sessions are closed.
func (w *workload) setFactor(factor float64) {
	running, idle := w.stretch != nil, w.idle
	if factor == 0 {
		w.drain()
	} else {
		w.halt()
	}
	w.factor = factor
	switch {
	case running && factor > 0:
		w.begin()
	case running || idle:
		w.start()
	}
}

// pause starts no more operations and waits for those under way.
func (w *workload) pause() {
	w.idle = false
	if w.stretch == nil {
		return
	}
	w.halt()
	close(w.release)
	w.underWay.Wait()
}

// drain pauses and closes all sessions, and what they share.
func (w *workload) drain() {
	w.pause()
	for _, s := range w.slots {
		close(s.work)
	}
	w.workers.Wait()
	w.slots = nil
	_ = drain(w.opener) // an error here changes nothing: it is over
}

// pace starts each operation of a stretch when it is due. An operation whose delay
// exceeds patience, because the machine is too busy or was suspended, is
// late: its delay would grow without bound, like that of a queue.
func (w *workload) pace(s *stretch) {
	wait := newWaiter(w.sleepUntil)
	for {
		at, ok := s.due(s.started)
		due := s.begun.Add(at)
		if !ok || int64(at) > s.end.Load() || !wait.until(due, s.stop) {
			return
		}
		s.started++
		delay := time.Since(due)
		if delay > patience || delay > lastPatience && closed(s.stop) {
			w.next++
			w.late.Add(1)
			continue
		}
		w.dispatch(due)
		if delay < time.Millisecond {
			// The slot's goroutine may run here at once: no thread has to wake up.
			runtime.Gosched()
		}
	}
}

func (w *workload) dispatch(due time.Time) {
	n := w.next
	w.next++
	w.dispatchDirty()
	s := w.pick()
	if s == nil {
		w.late.Add(1)
		return
	}
	w.inFlight.Add(1)
	w.taken.Add(1)
	w.underWay.Add(1)
	s.work <- order{n: n, due: due}
}

// pick takes the next free slot in turn: of those that were opened, else of all.
func (w *workload) pick() *slot {
	if int(w.taken.Load()) >= len(w.slots) {
		return nil
	}
	for _, among := range []int{int(w.ready.Load()), len(w.slots)} {
		for range among {
			s := w.slots[w.cursor%among]
			w.cursor = (w.cursor + 1) % among
			if s.busy.CompareAndSwap(false, true) {
				return s
			}
		}
	}
	return nil
}

// ramp opens the sessions one after the other, evenly over rampTime, where no
// operation has opened them by then.
func (w *workload) ramp(s *stretch) {
	wait := newWaiter(func(at time.Time) { time.Sleep(time.Until(at)) })
	step := rampTime / time.Duration(len(w.slots))
	for ; w.ramped < len(w.slots); w.ramped++ {
		at := s.begun.Add(time.Duration(w.ramped)*step + step/2)
		if !wait.until(at, s.stop) || closed(s.stop) {
			return
		}
		if slot := w.slots[w.ramped]; slot.busy.CompareAndSwap(false, true) {
			w.underWay.Add(1)
			slot.work <- order{openOnly: true}
		}
		w.ready.Store(max(w.ready.Load(), int64(w.ramped+1)))
	}
}

// dispatchDirty begins the dirty sessions that are due with one operation.
func (w *workload) dispatchDirty() {
	sessions := 1 / float64(max(w.spec.PerSession, 1))
	for _, k := range w.dirty {
		if k.due(sessions) {
			if int(w.dirtyInFlight.Load()) >= w.spec.Concurrency {
				w.warn(fmt.Sprintf("load %s: skipping dirty sessions: the limit of %d at a time (concurrency) is reached", w.spec.Name, w.spec.Concurrency))
				continue
			}
			w.dirtyInFlight.Add(1)
			w.underWay.Go(func() { w.runDirty(k) })
		}
	}
}

func (w *workload) runDirty(k *dirtyKind) {
	k.open.Add(1)
	defer w.dirtyInFlight.Add(-1)
	defer k.open.Add(-1)
	hold := min(dirtyHold, w.spec.Timeout)
	ctx, cancel := context.WithTimeout(w.ctx, hold+w.spec.Timeout)
	defer cancel()
	err := w.opener.(Dirtier).Dirty(ctx, k.kind, hold, w.release)
	if err == nil {
		k.done.Add(1)
	} else if w.ctx.Err() == nil {
		w.warn(fmt.Sprintf("load %s: dirty sessions of kind %s failed: %s", w.spec.Name, k.kind, shorten(err)))
	}
}

// settle counts an operation that has ended. sentAt is not used where it failed.
func (w *workload) settle(o order, sentAt time.Time, err error) {
	defer w.inFlight.Add(-1)
	if err != nil {
		w.fail(err)
		return
	}
	now := time.Now()
	w.latency.record(now.Sub(o.due))
	w.service.record(now.Sub(sentAt))
	w.operations.Add(1)
}

// fail counts a failed operation, unless it failed because the load stops, or by a
// loss, which the opener counts.
func (w *workload) fail(err error) {
	if w.ctx.Err() != nil || errors.Is(err, ErrLost) {
		return
	}
	w.failed.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	kind := Kind(err, false)
	w.errors[kind]++
	w.examples[kind] = shorten(err)
}

func shorten(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), exampleLength)], "")
}
