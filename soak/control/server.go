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

// Server is the server of one run's monitor.
type Server struct {
	handlers Handlers
	name     string
	root     *os.Root // the folder, kept open: the socket is accessed through it
	folder   *os.File // the same folder, for its descriptor
	http     *http.Server
	copies   chan struct{} // holds a token while a copy is made
	viewers  viewers
	served   chan struct{} // closed when the server no longer accepts connections

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup // requests in progress
}

// Serve serves the run with that id on its socket in the folder dir, until Close. It
// removes the socket of a monitor that died; if one is alive, the error is
// [ErrRunning].
func Serve(dir, id string, h Handlers) (*Server, error) {
	s := &Server{handlers: h, name: socketName(id), copies: make(chan struct{}, 1), served: make(chan struct{})}
	listener, err := s.listen(dir)
	if err != nil {
		s.release()
		return nil, fmt.Errorf("control socket %s in %s: %w", s.name, dir, err)
	}
	s.http = &http.Server{
		Handler: s.counted(s.routes()), ReadHeaderTimeout: writeTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(netutil.LimitListener(listener, maxConnections)) // it returns after Close
	}()
	return s, nil
}

// listen binds the socket unless a monitor listens on it.
func (s *Server) listen(dir string) (l net.Listener, err error) {
	if s.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	if s.folder, err = s.root.Open("."); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	conn, err := dialIn(ctx, s.folder, s.name)
	switch {
	case err == nil:
		conn.Close()
		return nil, ErrRunning
	case !notListening(err):
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

// Close closes all connections, waits for the handlers to return and removes the
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

// counted refuses requests after Close, and gives every response a time-out.
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
