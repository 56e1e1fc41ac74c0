package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
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
	conns    *connSet[net.Conn]
	closing  chan struct{}
}

// preparedStream is a server that needs nothing but its listener. serve gives the
// function that serves a connection and closes it.
func preparedStream(address string, client soak.Options, serve func(ctx context.Context) func(net.Conn)) prepared {
	return prepared{client, func(ctx context.Context) (Server, error) { return serveStream(ctx, address, client, serve(ctx)) }}
}

// serveStream serves on address until the server is closed or ctx is done.
// client is what clients need to know.
func serveStream(ctx context.Context, address string, client soak.Options, serve func(net.Conn)) (*streamServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	s := &streamServer{
		listener: listener, client: client, serve: serve,
		conns: newConnSet(func(conn net.Conn) { conn.Close() }), closing: make(chan struct{}),
	}
	s.conns.bind(ctx, s.Close)
	s.conns.served.Go(s.accept)
	return s, nil
}

func (s *streamServer) Addr() string          { return s.listener.Addr().String() }
func (s *streamServer) Options() soak.Options { return s.client }

// Close closes the listener and all connections, and waits for their ends.
func (s *streamServer) Close() error {
	return s.conns.close(func() error {
		close(s.closing)
		return s.listener.Close()
	})
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
		default:
			s.conns.serve(conn, s.serve)
		}
	}
}

// serverPair is a server with another one behind it.
type serverPair struct {
	Server
	behind Server
}

// Close closes both.
func (p serverPair) Close() error { return errors.Join(p.Server.Close(), p.behind.Close()) }
