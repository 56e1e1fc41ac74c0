package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"soakmon/soak"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// Handlers is what the monitor does for its callers. All are called by several
// goroutines.
type Handlers struct {
	Status func() any                              // a value for JSON
	Copy   func(io.Writer) error                   // writes a consistent copy of the run file
	Do     func(context.Context, soak.Order) error // one of [soak.RemoteOrders]
}

// Server answers for one run.
type Server struct {
	handlers Handlers
	name     string
	root     *os.Root // the folder, kept open: the socket is reached through it
	folder   *os.File // the same, for its number
	http     *http.Server
	copies   chan struct{} // holds a token while a copy is made
	viewers  viewers
	served   chan struct{} // closed when connections are accepted no more

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup // requests under way
}

// Serve answers on the socket of the run with that id in the folder dir, until
// Close. A socket that a dead monitor left there is removed; where one is alive
// the error is [ErrRunning].
func Serve(dir, id string, h Handlers) (*Server, error) {
	s := &Server{handlers: h, name: socketName(id), copies: make(chan struct{}, 1), served: make(chan struct{})}
	listener, err := s.listen(dir)
	if err != nil {
		s.release()
		return nil, fmt.Errorf("control socket %s in %s: %w", s.name, dir, err)
	}
	s.http = &http.Server{
		Handler: s.counted(s.routes()), ReadHeaderTimeout: stall, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(netutil.LimitListener(listener, mostConnections)) // it ends with Close
	}()
	return s, nil
}

// listen binds the socket unless somebody answers on it.
func (s *Server) listen(dir string) (l net.Listener, err error) {
	if s.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if s.folder, err = s.root.Open("."); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), stall)
	defer cancel()
	conn, err := dialIn(ctx, s.folder, s.name)
	switch {
	case err == nil:
		conn.Close()
		return nil, ErrRunning
	case !nobody(err):
		return nil, err
	}
	if err := removeSocket(s.root, s.name); err != nil {
		return nil, err
	}
	return listenIn(s.folder, s.name)
}

func (s *Server) release() {
	if s.folder != nil {
		s.folder.Close()
	}
	if s.root != nil {
		s.root.Close()
	}
}

// Close ends all connections, waits for the handlers to return and removes the
// socket.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.viewers.close()
	err := s.http.Close()
	<-s.served
	s.busy.Wait()
	err = errors.Join(err, removeSocket(s.root, s.name))
	s.release()
	return err
}

// counted lets no request begin after Close, and gives every answer a time-out.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return
		}
		s.busy.Add(1)
		s.mu.Unlock()
		defer s.busy.Done()
		deadline(w)
		next.ServeHTTP(w, r)
	})
}
