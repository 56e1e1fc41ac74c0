package protocol

import (
	"context"
	"sync"
)

// connSet is the connections of a server, each served in a goroutine. It is
// closed once, by its owner or with the context that it is bound to.
type connSet[C comparable] struct {
	end    func(C) // ends a connection; again does no harm
	served sync.WaitGroup

	mu     sync.Mutex
	unbind func() bool    // from the context
	conns  map[C]struct{} // nil when closed
}

func newConnSet[C comparable](end func(C)) *connSet[C] {
	return &connSet[C]{end: end, conns: map[C]struct{}{}}
}

// bind calls closeServer when ctx is done.
func (s *connSet[C]) bind(ctx context.Context, closeServer func() error) {
	s.mu.Lock() // closeServer may run at once, and needs unbind
	defer s.mu.Unlock()
	s.unbind = context.AfterFunc(ctx, func() { closeServer() })
}

// serve serves a connection in a goroutine and ends it then. A closed set ends it
// at once.
func (s *connSet[C]) serve(conn C, serve func(C)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.end(conn)
		return
	}
	s.conns[conn] = struct{}{}
	s.served.Go(func() {
		serve(conn)
		s.end(conn)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	})
}

// close ends all connections, then what they run on, and waits until none is
// served. A second call only waits.
func (s *connSet[C]) close(below func() error) (err error) {
	s.mu.Lock()
	s.unbind()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	if conns != nil {
		for conn := range conns {
			s.end(conn)
		}
		err = below()
	}
	s.served.Wait()
	return err
}
