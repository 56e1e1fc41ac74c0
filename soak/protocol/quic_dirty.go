package protocol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/quic-go/quic-go"

	"soakmon/soak/load"
)

// Dirty implements load.DirtyDialer. Where it ends a connection, that is one of
// its own, also where the clean sessions share one.
func (p *quicProxy) Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) (bool, error) {
	switch kind {
	case load.HalfOpen:
		return true, p.halfOpen(ctx, hold, release)
	case load.Silent:
		return true, p.silent(ctx, hold, release)
	case load.Abort, load.Reset:
		return true, p.breakOff(ctx, kind)
	case load.StreamReset:
		return true, p.resetStream(ctx)
	case load.WrongAuth:
		return true, p.wrongAuth(ctx, hold)
	}
	return false, nil
}

// halfOpen leaves, in turn, a QUIC handshake after its first datagram and a
// connection that nobody authenticates.
func (p *quicProxy) halfOpen(ctx context.Context, hold time.Duration, release <-chan struct{}) error {
	socket, err := p.socket(ctx)
	if err != nil {
		return err
	}
	if p.halfOpens.Add(1)%2 == 0 {
		link, err := p.handshake(ctx, hidden(socket, p.hide), socket.RemoteAddr())
		if err != nil {
			return err
		}
		defer link.Close()
		load.Hold(hold, release)
		return nil
	}
	ctx, cancel := untilReleased(ctx, hold, release)
	defer cancel()
	if link, err := p.handshake(ctx, hidden(vanishAfter(socket, 1), p.hide), socket.RemoteAddr()); err == nil {
		link.Close()
		return errors.New("the server took one datagram for a whole handshake")
	}
	return nil
}

// untilReleased is a context that ends after hold, or when release is closed.
func untilReleased(ctx context.Context, hold time.Duration, release <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, hold)
	go func() {
		select {
		case <-release:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// silent goes dead without notice in the middle of an operation.
func (p *quicProxy) silent(ctx context.Context, hold time.Duration, release <-chan struct{}) error {
	socket, err := p.socket(ctx)
	if err != nil {
		return err
	}
	conn := vanishAfter(socket, math.MaxInt64)
	link, err := p.handshake(ctx, hidden(conn, p.hide), socket.RemoteAddr())
	if err != nil {
		return err
	}
	defer link.Close()
	if err := p.codec.authenticate(ctx, link.conn, false); err != nil {
		return quicError(err)
	}
	s, err := p.dirtySession(ctx, link)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Write(p.content())
	conn.gone.Store(true)
	load.Hold(hold, release)
	return err
}

// breakOff closes the connection in the middle of a request (Abort), or of its
// answer and with an error (Reset).
func (p *quicProxy) breakOff(ctx context.Context, kind string) error {
	link, err := p.dialLink(ctx)
	if err != nil {
		return err
	}
	defer link.Close()
	s, err := p.dirtySession(ctx, link)
	if err != nil {
		return err
	}
	content := p.content()
	if kind == load.Abort {
		_, err = s.Write(content[:(len(content)+1)/2])
		return err
	}
	if _, err := s.Write(content); err != nil {
		return err
	}
	if _, err := s.Read(content); err != nil {
		return err
	}
	return link.conn.CloseWithError(quic.ApplicationErrorCode(brokenOff), "")
}

// brokenOff is the code of resets: H3_REQUEST_CANCELLED (RFC 9114, section 8.1),
// for want of one of the protocols' own.
const brokenOff = 0x10c

// resetStream resets a stream in the middle of a transfer, and wants the
// connection to last.
func (p *quicProxy) resetStream(ctx context.Context) error {
	link, release, err := p.link(ctx)
	if err != nil {
		return err
	}
	defer release()
	s, err := p.dirtyStream(ctx, link)
	if err != nil {
		return err
	}
	content := p.content()
	if _, err := s.Write(content[:(len(content)+1)/2]); err != nil {
		return err
	}
	s.CancelWrite(brokenOff)
	s.CancelRead(brokenOff)
	return p.exchange(ctx, link)
}

// wrongAuth says wrong credentials, and wants to be refused.
func (p *quicProxy) wrongAuth(ctx context.Context, hold time.Duration) error {
	socket, err := p.socket(ctx)
	if err != nil {
		return err
	}
	link, err := p.handshake(ctx, hidden(socket, p.hide), socket.RemoteAddr())
	if err != nil {
		return err
	}
	defer link.Close()
	ctx, cancel := context.WithTimeout(ctx, hold)
	defer cancel()
	if p.codec.authenticate(ctx, link.conn, true) == nil && p.exchange(ctx, link) == nil {
		return errors.New("the server accepted wrong credentials: check its users, this is an open proxy")
	}
	return nil
}

// exchange does one operation.
func (p *quicProxy) exchange(ctx context.Context, link *quicLink) error {
	s, err := p.dirtySession(ctx, link)
	if err != nil {
		return err
	}
	defer s.Close()
	content := p.content()
	if _, err := s.Write(content); err != nil {
		return err
	}
	echo := make([]byte, len(content))
	if _, err := io.ReadFull(s, echo); err != nil {
		return err
	}
	if !bytes.Equal(echo, content) {
		return fmt.Errorf("the echo of %d bytes differs from what was sent", len(content))
	}
	return nil
}

// dirtyStream opens a stream whose deadline is that of ctx.
func (p *quicProxy) dirtyStream(ctx context.Context, link *quicLink) (*proxyStream, error) {
	s, err := link.open(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	return s, s.SetDeadline(deadline)
}

// dirtySession opens what carries an operation: a stream or an association.
func (p *quicProxy) dirtySession(ctx context.Context, link *quicLink) (io.ReadWriteCloser, error) {
	if p.network != networkUDP {
		return p.dirtyStream(ctx, link)
	}
	c, err := link.dialPacket(ctx)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	return connected{c}, c.SetDeadline(deadline)
}

// connected is an association with one destination.
type connected struct{ *proxyPackets }

func (c connected) Write(p []byte) (int, error) { return c.WriteTo(p, c.to) }

func (c connected) Read(p []byte) (int, error) {
	n, _, err := c.ReadFrom(p)
	return n, err
}

// content is an operation's payload.
func (p *quicProxy) content() []byte {
	buf := make([]byte, min(p.payload, 64<<10))
	_, _ = load.NewContent(0, p.halfOpens.Load(), int64(len(buf))).Reader(buf).Read(buf) // a reader of that size gives all of it at once
	return buf
}
