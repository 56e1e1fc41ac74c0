package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"soakmon/soak/load"
)

// sshEndpoint is a server and how to log in to it.
type sshEndpoint struct {
	address string
	config  *ssh.ClientConfig
}

// DialRaw gives a connection on which nothing was said.
func (e *sshEndpoint) DialRaw(ctx context.Context) (net.Conn, error) {
	return tcpDialer(e.address).Dial(ctx)
}

// dial connects and logs in.
func (e *sshEndpoint) dial(ctx context.Context) (*sshLink, error) {
	raw, err := e.DialRaw(ctx)
	if err != nil {
		return nil, err
	}
	return e.login(ctx, raw)
}

// login does the handshake; after an error the connection is closed.
func (e *sshEndpoint) login(ctx context.Context, raw net.Conn) (*sshLink, error) {
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(acknowledging(raw), e.address, e.config)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, sshError(err)
	}
	l := &sshLink{conn: conn, raw: raw, over: make(chan struct{})}
	go l.attend(channels, requests)
	return l, nil
}

// sshLink is a connection on which we are logged in.
type sshLink struct {
	conn ssh.Conn
	raw  net.Conn
	over chan struct{}

	abandoned atomic.Bool // it is about to be over
}

// abandon ends a connection that the server has left.
func (l *sshLink) abandon() {
	l.abandoned.Store(true)
	l.raw.Close()
}

// attend refuses what the server asks of us, until the connection ends.
func (l *sshLink) attend(channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	for channels != nil || requests != nil {
		select {
		case c, ok := <-channels:
			if !ok {
				channels = nil
				continue
			}
			_ = c.Reject(ssh.UnknownChannelType, "") // an error is the connection's end
		case r, ok := <-requests:
			if !ok {
				requests = nil
				continue
			}
			_ = r.Reply(false, nil)
		}
	}
	l.raw.Close()
	close(l.over)
}

func (l *sshLink) ended() bool {
	select {
	case <-l.over:
		return true
	default:
		return l.abandoned.Load()
	}
}

// Close ends the connection and all its channels.
func (l *sshLink) Close() error {
	err := l.raw.Close()
	<-l.over
	return err
}

// open opens a channel to a destination. A server that does not answer in time
// costs a goroutine until it does.
func (l *sshLink) open(ctx context.Context, destination []byte) (*sshChannel, error) {
	type result struct {
		channel ssh.Channel
		err     error
	}
	opened := make(chan result, 1)
	given := make(chan bool, 1)
	go func() {
		channel, requests, err := l.conn.OpenChannel("direct-tcpip", destination)
		opened <- result{channel, err}
		if err != nil {
			return
		}
		if !<-given {
			channel.Close()
		}
		ssh.DiscardRequests(requests)
	}()
	select {
	case r := <-opened:
		given <- true
		if _, refused := errors.AsType[*ssh.OpenChannelError](r.err); r.err != nil && !refused {
			return nil, &load.Error{Kind: "reset", Err: fmt.Errorf("the connection ended while a channel was opened: %w", r.err)}
		}
		if r.err != nil {
			return nil, sshError(r.err)
		}
		return &sshChannel{Channel: r.channel, link: l}, nil
	case <-ctx.Done():
		given <- false
		return nil, ctx.Err()
	}
}

// unanswered is how long a server may take to answer the end of a channel. One
// that does not has gone, and its connection is given up.
const unanswered = time.Second

// sshChannel is a connection to the destination.
type sshChannel struct {
	ssh.Channel
	link *sshLink
	own  bool // the connection ends with it

	mu      sync.Mutex
	timer   *time.Timer // of the deadline; nil before the first
	giveUp  *time.Timer
	expired atomic.Bool
	closed  bool
}

func (c *sshChannel) Read(p []byte) (int, error) {
	n, err := c.Channel.Read(p)
	return n, c.explain(err)
}

func (c *sshChannel) Write(p []byte) (int, error) {
	n, err := c.Channel.Write(p)
	return n, c.explain(err)
}

// explain distinguishes a channel that was closed for being late.
func (c *sshChannel) explain(err error) error {
	if err != nil && c.expired.Load() {
		return os.ErrDeadlineExceeded
	}
	return err
}

// SetDeadline closes the channel at t: SSH has no way to end a read alone.
func (c *sshChannel) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case t.IsZero() && c.timer != nil:
		c.timer.Stop()
	case t.IsZero():
	case c.timer == nil:
		c.timer = time.AfterFunc(time.Until(t), c.expire)
	default:
		c.timer.Reset(time.Until(t))
	}
	return nil
}

// SetReadDeadline is SetDeadline.
func (c *sshChannel) SetReadDeadline(t time.Time) error { return c.SetDeadline(t) }

// SetWriteDeadline is SetDeadline.
func (c *sshChannel) SetWriteDeadline(t time.Time) error { return c.SetDeadline(t) }

// expire ends what is under way.
func (c *sshChannel) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.expired.Store(true)
	if c.own {
		c.link.raw.Close()
		return
	}
	c.giveUp = time.AfterFunc(unanswered, c.link.abandon)
	go c.Channel.Close() // which may wait for the same peer
}

// Close ends the channel, and the connection where it is its own.
func (c *sshChannel) Close() error {
	c.mu.Lock()
	already := c.closed
	c.closed = true
	for _, t := range []*time.Timer{c.timer, c.giveUp} {
		if t != nil {
			t.Stop()
		}
	}
	c.mu.Unlock()
	if already {
		return nil
	}
	if c.own {
		return c.link.Close()
	}
	_ = c.Channel.Close() // EOF where the server closed it first
	return nil
}

// SetLinger is that of the connection below.
func (c *sshChannel) SetLinger(int) error { return load.Linger0(c.link.raw) }

// LocalAddr implements net.Conn.
func (c *sshChannel) LocalAddr() net.Addr { return c.link.raw.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *sshChannel) RemoteAddr() net.Addr { return c.link.raw.RemoteAddr() }
