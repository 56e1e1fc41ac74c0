package sink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"soakmon/soak"
)

// Outbox keeps alerts until they are delivered. Undelivered returns those of one
// sink, oldest first. Both methods are called by several goroutines.
type Outbox interface {
	Undelivered(sink string) ([]soak.Alert, error)
	Delivered(sink string, id uint64) error
}

const (
	firstWait   = time.Second     // before the second attempt; doubles each time
	longestWait = 5 * time.Minute // between two attempts, unless the receiver asks for more
	mostAsked   = time.Hour       // the longest wait that a receiver may ask for
	lastAttempt = 5 * time.Second // after the end of the run, for all remaining alerts
)

// Pump delivers the box's alerts to the sinks, by name, each in order: at once,
// whenever wake says that there are new ones, and after a growing wait where an
// attempt failed. When ctx ends it makes a last attempt of at most 5 s, and
// returns. Failures are passed to report, by several goroutines.
func Pump(ctx context.Context, box Outbox, sinks map[string]Sink, wake <-chan struct{}, report func(soak.Event)) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(lastAttempt, cancel)
		context.AfterFunc(last, func() { timer.Stop() })
	})
	defer stop()

	var all sync.WaitGroup
	var lines []*line
	for name, s := range sinks {
		l := &line{name: name, sink: s, box: box, wake: make(chan struct{}, 1), report: report}
		lines = append(lines, l)
		all.Go(func() { l.run(ctx, last) })
	}
	for running := true; running; {
		select {
		case _, open := <-wake:
			if !open {
				wake = nil
			}
			for _, l := range lines {
				l.nudge()
			}
		case <-ctx.Done():
			running = false
		}
	}
	all.Wait()
}

// line delivers to one sink.
type line struct {
	name    string
	sink    Sink
	box     Outbox
	wake    chan struct{}
	report  func(soak.Event)
	failing bool // and the failure was reported
}

func (l *line) nudge() {
	select {
	case l.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run delivers until ctx ends, and once more after that; attempts continue until
// last ends.
func (l *line) run(ctx, last context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		err := l.deliver(last)
		if err == nil {
			wait = firstWait
			select {
			case <-l.wake:
			case <-ctx.Done():
			}
			continue
		}
		pause(ctx, max(jitter(wait), asked(err)))
		wait = min(2*wait, longestWait)
	}
	if err := l.deliver(last); err != nil {
		l.event(soak.EventSink, "undelivered alerts remain at the end of the run: %v", err)
	}
}

// deliver sends everything in the box, in order, up to the first alert that
// must be sent again.
func (l *line) deliver(ctx context.Context) error {
	alerts, err := l.box.Undelivered(l.name)
	if err != nil {
		return l.failed(fmt.Errorf("cannot read the outbox: %w", err))
	}
	for _, a := range alerts {
		retry, err := l.sink.Send(ctx, a)
		if err != nil && retry {
			return l.failed(err)
		}
		if err != nil {
			l.event(soak.EventSink, "alert %d was refused and will not be sent again: %v", a.ID, err)
		}
		if err := l.box.Delivered(l.name, a.ID); err != nil {
			return l.failed(fmt.Errorf("cannot note that alert %d is delivered: %w", a.ID, err))
		}
	}
	if l.failing && len(alerts) > 0 {
		l.failing = false
		l.event(soak.EventNote, "alert delivery works again")
	}
	return nil
}

// failed reports the first of a series of failures.
func (l *line) failed(err error) error {
	if !l.failing {
		l.failing = true
		l.event(soak.EventNote, "cannot deliver alerts, will try again: %v", err)
	}
	return err
}

func (l *line) event(kind soak.EventKind, format string, args ...any) {
	l.report(soak.Event{Wall: time.Now(), Kind: kind, Name: l.name, Text: "sink " + l.name + ": " + fmt.Sprintf(format, args...)})
}

// jitter keeps many monitors from sending at the same moment: half to all of the
// wait.
func jitter(wait time.Duration) time.Duration {
	return wait/2 + rand.N(wait/2+1)
}

// asked is how long the receiver asked to wait.
func asked(err error) time.Duration {
	if r, ok := errors.AsType[*RetryAfter](err); ok {
		return min(r.Wait, mostAsked)
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
