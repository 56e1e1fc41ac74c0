package protocol

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Values of the option connections.
const (
	sharedConnections = "shared"
	newConnections    = "new"
)

// connectionsOption is that of protocols that carry many sessions on one
// connection.
func connectionsOption(target *string) Option {
	return option("connections", target, SideClient, sharedConnections,
		"shared: all sessions of the load are streams of one connection; new: each session has its own connection", sharedConnections, newConnections)
}

// connectionsVariant is the other way round, for the conformance test.
const connectionsVariant = `{"connections":"new"}`

// Back-off between two attempts to dial a shared connection.
const (
	firstRedial = 50 * time.Millisecond
	lastRedial  = 2 * time.Second
)

// sharedConn is one connection of a protocol that all sessions of a load use:
// it is dialled when the first session needs it, and again when it has ended.
// Sessions that come while it is dialled wait for the same attempt; after a
// failed attempt the next one waits for a back-off, and meanwhile they are given
// the error.
type sharedConn[C any] struct {
	dial  func(ctx context.Context) (C, error)
	ended func(C) bool
	close func(C) error

	mu       sync.Mutex
	now      *attempt[C] // nil before the first and after the end of a connection
	failures int
	closed   bool
}

// attempt is one dial and, where it went well, the connection.
type attempt[C any] struct {
	done    chan struct{} // closed when conn and err are set
	conn    C
	err     error
	retryAt time.Time
	cancel  context.CancelFunc
}

// get gives the connection.
func (s *sharedConn[C]) get(ctx context.Context) (C, error) {
	a, err := s.current(ctx)
	if err != nil {
		var none C
		return none, err
	}
	select {
	case <-a.done:
		return a.conn, a.err
	case <-ctx.Done():
		var none C
		return none, ctx.Err()
	}
}

// current is the attempt to wait for: a new one where there is none that is
// under way, good, or too fresh a failure. It lasts as long as the first caller
// would wait.
func (s *sharedConn[C]) current(ctx context.Context) (*attempt[C], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if a := s.now; a != nil && !s.over(a) {
		return a, nil
	}
	dialCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if deadline, ok := ctx.Deadline(); ok {
		cancel()
		dialCtx, cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	a := &attempt[C]{done: make(chan struct{}), cancel: cancel}
	s.now = a
	go s.try(dialCtx, a)
	return a, nil
}

// over reports whether an attempt is to be followed by another.
func (s *sharedConn[C]) over(a *attempt[C]) bool {
	select {
	case <-a.done:
	default:
		return false
	}
	if a.err != nil {
		return !time.Now().Before(a.retryAt)
	}
	if s.ended(a.conn) {
		_ = s.close(a.conn) // the layers below; that it has ended is known
		return true
	}
	return false
}

func (s *sharedConn[C]) try(ctx context.Context, a *attempt[C]) {
	conn, err := s.dial(ctx)
	a.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.closed {
		err = errors.Join(net.ErrClosed, s.close(conn))
	}
	a.conn, a.err = conn, err
	if err != nil {
		a.retryAt = time.Now().Add(min(firstRedial<<min(s.failures, 10), lastRedial))
		s.failures++
	} else {
		s.failures = 0
	}
	close(a.done)
}

// Drain ends the connection and an attempt under way; the next session dials.
func (s *sharedConn[C]) Drain() error {
	s.mu.Lock()
	a := s.now
	s.now = nil
	s.mu.Unlock()
	return s.end(a)
}

// Close is a Drain after which nothing is dialled.
func (s *sharedConn[C]) Close() error {
	s.mu.Lock()
	a := s.now
	s.closed, s.now = true, nil
	s.mu.Unlock()
	return s.end(a)
}

func (s *sharedConn[C]) end(a *attempt[C]) error {
	if a == nil {
		return nil
	}
	a.cancel()
	<-a.done
	if a.err != nil {
		return nil
	}
	return s.close(a.conn)
}
