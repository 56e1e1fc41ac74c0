package load

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// A slot that could not open a session waits before it tries again; the pause
// doubles with each failure. Operations meanwhile fail with the same error.
const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// order is what a slot has to do: an operation, or only to open its session.
type order struct {
	n        uint64
	due      time.Time
	openOnly bool
}

// slot is the place of one session and the goroutine that drives it. The goroutine
// that sets busy may send exactly one order.
type slot struct {
	load *workload
	busy atomic.Bool
	work chan order

	// Of the goroutine alone:
	session  Session
	detach   func() bool // from the load's context
	used     int         // operations of the session
	failures int         // to open one, in a row
	retryAt  time.Time
	lastErr  error
}

// newSlot makes slot i. Sessions of n operations begin at different ages, so
// that they end evenly spread.
func newSlot(w *workload, i int) *slot {
	s := &slot{load: w, work: make(chan order, 1)}
	if n := w.spec.PerSession; n > 0 {
		s.used = i * max(n/w.spec.Concurrency, 1) % n
	}
	return s
}

func (s *slot) run() {
	for o := range s.work {
		if deadline := time.Now().Add(s.load.spec.Timeout); o.openOnly {
			_ = s.open(deadline) // the next operation of this slot reports the error
		} else {
			s.operate(o, deadline)
		}
		s.busy.Store(false)
		if !o.openOnly {
			s.load.taken.Add(-1)
		}
		s.load.underWay.Done()
	}
	s.end()
}

func (s *slot) operate(o order, deadline time.Time) {
	s.load.lag.record(time.Since(o.due))
	err := s.attempt(o, deadline)
	s.used++
	if p, ok := s.session.(Pipelined); ok && err == nil && s.used == s.load.spec.PerSession {
		s.retire(p)
	}
	if err != nil || s.used == s.load.spec.PerSession {
		s.end()
	}
}

// attempt does operation n, on a new session where there is none or the present
// one proves stale. A pipelined session may only have begun it.
func (s *slot) attempt(o order, deadline time.Time) error {
	for {
		fresh := s.session == nil
		if err := s.open(deadline); err != nil {
			s.load.settle(o, time.Time{}, err)
			return err
		}
		sentAt := time.Now()
		pending, err := s.do(o, sentAt, deadline)
		if fresh || !errors.Is(err, ErrStale) {
			if !pending {
				s.load.settle(o, sentAt, err)
			}
			return err
		}
		s.end()
	}
}

// do does an operation on the session, or begins it.
func (s *slot) do(o order, sentAt, deadline time.Time) (pending bool, err error) {
	w := s.load
	p, ok := s.session.(Pipelined)
	if !ok {
		sent, received, err := s.session.Do(o.n, deadline)
		w.sent.Add(sent)
		w.received.Add(received)
		return false, err
	}
	w.underWay.Add(1)
	err = p.Begin(o.n, deadline, func(sent, received int64, err error) {
		w.sent.Add(sent)
		w.received.Add(received)
		w.settle(o, sentAt, err)
		w.underWay.Done()
	})
	if err != nil {
		w.underWay.Done()
	}
	return err == nil, err
}

// open opens a session unless there is one.
func (s *slot) open(deadline time.Time) error {
	begun := time.Now()
	if s.session != nil {
		return nil
	}
	if begun.Before(s.retryAt) {
		return s.lastErr
	}
	w := s.load
	ctx, cancel := context.WithDeadline(w.ctx, deadline)
	defer cancel()
	session, err := w.opener.Open(ctx)
	if err != nil {
		s.lastErr = &Error{Kind(err, true), err}
		s.retryAt = time.Now().Add(min(firstBackoff<<min(s.failures, 10), lastBackoff))
		s.failures++
		return s.lastErr
	}
	w.connect.record(time.Since(begun))
	w.sessions.Add(1)
	w.open.Add(1)
	s.session, s.failures = session, 0
	s.detach = context.AfterFunc(w.ctx, func() { session.Close() })
	return nil
}

// end closes the session, if there is one.
func (s *slot) end() {
	if s.session == nil {
		return
	}
	s.load.over(s.session, s.detach)
	s.session, s.used = nil, 0
}

// retire leaves a session behind that has operations under way: it is closed
// when they have ended, and holds up nobody.
func (s *slot) retire(p Pipelined) {
	w, detach := s.load, s.detach
	w.underWay.Go(func() {
		p.Flush()
		w.over(p, detach)
	})
	s.session, s.used = nil, 0
}

// over closes a session.
func (w *workload) over(session Session, detach func() bool) {
	detach()
	session.Close() // an error here changes nothing: the session is over
	w.open.Add(-1)
}
