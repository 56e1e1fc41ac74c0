package protocol

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/protocol/tls13"
)

// requestWait is how long a request waits for the first payload to go with it.
// Servers wait a few seconds for the end of a handshake and for a request.
const requestWait = 50 * time.Millisecond

// maxFirst is the most that goes out with a request: one TLS record.
const maxFirst = 16 << 10

// inner is how a connection within TLS begins.
type inner struct {
	request []byte
	reply   func(io.Reader) error // reads what the server says before the payload; nil where it says nothing
	secret  string                // the option that the server checks: uuid or password
	form    datagramForm
}

// tunnel dials a load's connections through a TLS proxy.
type tunnel struct {
	address     string
	destination string
	handshake   handshake
	inner       inner
	confirmed   atomic.Bool // the server has accepted the secret before

	wrong   []*tunnel     // the same with wrong credentials, for dirty sessions
	dirtied atomic.Uint64 // numbers those
}

// handshake does a TLS handshake on a transport.
type handshake func(*tls13.Transport) (*tls13.Conn, error)

func newTunnel(w soak.Workload, shake handshake, in inner) *tunnel {
	return &tunnel{address: w.Address, destination: w.Destination, handshake: shake, inner: in}
}

// Dial implements load.Dialer.
func (t *tunnel) Dial(ctx context.Context) (net.Conn, error) {
	conn, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (t *tunnel) dial(ctx context.Context) (*tunnelConn, error) {
	raw, err := t.DialRaw(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := t.shake(ctx, raw)
	if err != nil {
		return nil, err
	}
	return t.open(conn), nil
}

// DialRaw gives a connection on which the handshake has not begun.
func (t *tunnel) DialRaw(ctx context.Context) (net.Conn, error) {
	return tcpDialer(t.address).Dial(ctx)
}

// Close implements load.Dialer.
func (t *tunnel) Close() error { return nil }

// shake does the handshake, as long as ctx allows; after an error the connection
// is closed.
func (t *tunnel) shake(ctx context.Context, raw net.Conn) (*tls13.Conn, error) {
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	transport := tls13.NewTransport(raw)
	conn, err := t.handshake(transport)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		transport.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return conn, nil
}

// open begins a connection whose handshake is done. Its request goes with the
// first payload, and so does the end of the handshake.
func (t *tunnel) open(conn *tls13.Conn) *tunnelConn {
	c := &tunnelConn{Conn: conn, tunnel: t, request: t.inner.request, reply: t.inner.reply}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(requestWait, func() { _, _ = c.Write(nil) }) // the next call reports the error
	return c
}

// tunnelConn is a connection to the destination through a TLS proxy.
type tunnelConn struct {
	*tls13.Conn
	tunnel *tunnel
	timer  *time.Timer

	mu      sync.Mutex
	request []byte // nil when sent

	reply func(io.Reader) error // nil when read
	heard bool                  // something came from the destination
}

func (c *tunnelConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	request := c.request
	c.request = nil
	if request == nil {
		c.mu.Unlock()
		if len(p) == 0 {
			return 0, nil
		}
		return c.Conn.Write(p)
	}
	defer c.mu.Unlock()
	c.timer.Stop()
	with := min(len(p), maxFirst-len(request))
	first := append(append(make([]byte, 0, len(request)+with), request...), p[:with]...)
	if _, err := c.Conn.Write(first); err != nil || with == len(p) {
		return with, err
	}
	n, err := c.Conn.Write(p[with:])
	return with + n, err
}

func (c *tunnelConn) Read(p []byte) (int, error) {
	if c.heard {
		return c.Conn.Read(p)
	}
	answered := false
	if c.reply != nil {
		if err := c.reply(c.Conn); err != nil {
			return 0, c.unheard(err, false)
		}
		c.reply, answered = nil, true
		c.tunnel.confirmed.Store(true)
	}
	n, err := c.Conn.Read(p)
	if err != nil {
		return n, c.unheard(err, answered)
	}
	c.heard = n > 0
	c.tunnel.confirmed.Store(true)
	return n, nil
}

// unheard explains why a connection ended before the destination said anything.
// These protocols give no reason: they close.
func (c *tunnelConn) unheard(err error, answered bool) error {
	kind := load.Kind(err, false)
	if kind != "eof" && kind != "reset" {
		return err
	}
	switch {
	case answered:
		return &load.Error{Kind: load.NoDestination, Err: fmt.Errorf("the server closed before destination %s said anything: check that the server can reach it: %w", c.tunnel.destination, err)}
	case c.tunnel.confirmed.Load() && kind == "reset":
		return fmt.Errorf("the server closed before it answered: %w", err)
	case c.tunnel.confirmed.Load():
		return &load.Error{Kind: load.NoDestination, Err: fmt.Errorf("the server closed before it answered: it cannot reach destination %s, or was about to end: %w", c.tunnel.destination, err)}
	default:
		return &load.Error{Kind: load.BadAuth, Err: fmt.Errorf("the server closed before it answered: check %s, and that the server can reach destination %s: %w", c.tunnel.inner.secret, c.tunnel.destination, err)}
	}
}

// Close ends the connection.
func (c *tunnelConn) Close() error {
	c.timer.Stop()
	return c.Conn.Close()
}
