package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"soakmon/soak"
)

// acceptPause is the wait after a failed accept: out of file descriptors, a
// server must neither end nor spin.
const acceptPause = 50 * time.Millisecond

// streamServer serves each connection of a TCP listener in a goroutine.
type streamServer struct {
	listener net.Listener
	client   soak.Options
	serve    func(net.Conn) // closes the connection
	served   sync.WaitGroup
	closing  chan struct{}

	mu     sync.Mutex
	detach func() bool           // from the context
	conns  map[net.Conn]struct{} // nil when closed
}

// preparedStream is a server that needs nothing but its listener. serve gives the
// function that serves a connection and closes it.
func preparedStream(address string, client soak.Options, serve func(ctx context.Context) func(net.Conn)) prepared {
	return prepared{client, func(ctx context.Context) (Server, error) { return serveStream(ctx, address, client, serve(ctx)) }}
}

// serveStream serves on address until the server is closed or ctx is done.
// client is what clients must be told.
func serveStream(ctx context.Context, address string, client soak.Options, serve func(net.Conn)) (*streamServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	s := &streamServer{listener: listener, client: client, serve: serve, closing: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	s.served.Go(s.accept)
	s.mu.Lock()
	s.detach = context.AfterFunc(ctx, func() { s.Close() })
	s.mu.Unlock()
	return s, nil
}

func (s *streamServer) Addr() string          { return s.listener.Addr().String() }
func (s *streamServer) Options() soak.Options { return s.client }

// Close closes the listener and all connections, and waits for their ends.
func (s *streamServer) Close() error {
	s.mu.Lock()
	s.detach()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	if conns == nil {
		s.served.Wait()
		return nil
	}
	close(s.closing)
	err := s.listener.Close()
	for conn := range conns {
		conn.Close()
	}
	s.served.Wait()
	return err
}

func (s *streamServer) accept() {
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case <-time.After(acceptPause):
			case <-s.closing:
			}
		case s.add(conn):
			s.served.Go(func() {
				s.serve(conn)
				s.remove(conn)
			})
		default:
			conn.Close()
		}
	}
}

func (s *streamServer) add(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *streamServer) remove(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// serverPair is a server with another one behind it.
type serverPair struct {
	Server
	behind Server
}

// Close closes both.
func (p serverPair) Close() error { return errors.Join(p.Server.Close(), p.behind.Close()) }
