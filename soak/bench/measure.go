package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"soakmon/soak/load"
)

// serial does operations one after the other on one session.
func (r *record) serial(ctx context.Context, opener load.Opener) {
	s, err := r.open(ctx, opener)
	r.begin()
	if err != nil {
		r.fail(err, true)
		return
	}
	defer s.Close()
	first := uint64(0)
	if r.order.Warm {
		sent, received, err := s.Do(first, r.deadline())
		if err != nil {
			r.fail(err, false)
			return
		}
		r.got.Warm = sent + received
		first++
		r.begin()
	}
	for n := first; ; n++ {
		begun := time.Now()
		sent, received, err := s.Do(n, r.deadline())
		if err != nil {
			r.fail(err, false)
			return
		}
		r.add(begun, sent, received)
		if r.enough() {
			return
		}
	}
}

// crowd opens sessions by several workers, each for one operation. One session
// before, which is not timed, opens what they share.
func (r *record) crowd(ctx context.Context, opener load.Opener, workers int) {
	first, _, err := r.enter(ctx, opener)
	r.begin()
	if err != nil {
		r.fail(err, true)
		return
	}
	first.Close()
	var all sync.WaitGroup
	var opened atomic.Int64
	for range workers {
		all.Go(func() {
			for opened.Add(1) <= mostSessions && !r.enough() {
				if s := r.visit(ctx, opener); s != nil {
					s.Close()
				}
			}
		})
	}
	all.Wait()
}

// visit opens a session for one timed operation; it is nil where that failed.
func (r *record) visit(ctx context.Context, opener load.Opener) load.Session {
	begun := time.Now()
	s, n, err := r.enter(ctx, opener)
	if err != nil {
		r.fail(err, true)
		return nil
	}
	r.add(begun, n.sent, n.received)
	return s
}

type bytesOf struct{ sent, received int64 }

// enter opens a session and does one operation.
func (r *record) enter(ctx context.Context, opener load.Opener) (load.Session, bytesOf, error) {
	s, err := r.open(ctx, opener)
	if err != nil {
		return nil, bytesOf{}, err
	}
	sent, received, err := s.Do(0, r.deadline())
	if err != nil {
		s.Close()
		return nil, bytesOf{}, err
	}
	return s, bytesOf{sent, received}, nil
}

func (r *record) open(ctx context.Context, opener load.Opener) (load.Session, error) {
	ctx, cancel := context.WithDeadline(ctx, r.deadline())
	defer cancel()
	return opener.Open(ctx)
}

func (r *record) deadline() time.Time { return time.Now().Add(timeout(r.order)) }

// hold opens as many sessions as the order says and keeps them.
func (r *record) hold(ctx context.Context, opener load.Opener) (held []load.Session) {
	var mu sync.Mutex
	var begun atomic.Int64
	var all sync.WaitGroup
	r.begin()
	for range max(r.order.Workers, 1) {
		all.Go(func() {
			for begun.Add(1) <= int64(r.order.Sessions) && !r.givenUp() {
				if s := r.visit(ctx, opener); s != nil {
					mu.Lock()
					held = append(held, s)
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	return held
}

func (r *record) givenUp() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.Failed >= mostFailures
}

var errNothingHeld = errors.New("no sessions are held")

// work does operations on all held sessions, each one after the other.
func (c *client) work(r *record) {
	r.begin()
	if len(c.held) == 0 {
		r.fail(errNothingHeld, false)
		return
	}
	var all sync.WaitGroup
	for _, s := range c.held {
		all.Go(func() {
			for n := uint64(1); !r.enough(); n++ {
				begun := time.Now()
				sent, received, err := s.Do(n, r.deadline())
				if errors.Is(err, load.ErrStale) {
					return // nothing of it was sent: one session less, no failure
				}
				if err != nil {
					r.fail(err, false)
					return
				}
				r.add(begun, sent, received)
			}
		})
	}
	all.Wait()
}
