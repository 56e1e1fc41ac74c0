package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"soakmon/soak/load"
)

// tunnelDirty are the kinds of dirty sessions of TLS proxies.
var tunnelDirty = append([]string{load.HandshakeReset, load.WrongAuth}, load.DirtyKinds...)

// Dirty implements load.DirtyDialer.
func (t *tunnel) Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) (handled bool, err error) {
	switch kind {
	case load.HandshakeReset:
		return true, t.resetHandshake(ctx)
	case load.HalfOpen:
		if t.dirtied.Add(1)%2 == 0 {
			return false, nil // nothing is said at all
		}
		return true, t.halfHello(ctx, hold, release)
	case load.WrongAuth:
		wrong := t.wrong[t.dirtied.Add(1)%uint64(len(t.wrong))]
		return true, wrong.refused(ctx, hold, release)
	default:
		return false, nil
	}
}

var errOnPurpose = errors.New("broken off on purpose")

// resetHandshake sends a ClientHello and resets the connection as soon as the
// server answers.
func (t *tunnel) resetHandshake(ctx context.Context) error {
	raw, err := t.DialRaw(ctx)
	if err != nil {
		return err
	}
	return t.brokenOff(ctx, resetOnRead{raw})
}

// resetOnRead is a connection that ends with a reset when the peer speaks.
type resetOnRead struct{ net.Conn }

func (r resetOnRead) Read(p []byte) (int, error) {
	if _, err := r.Conn.Read(p); err != nil {
		return 0, err
	}
	if err := load.Linger0(r.Conn); err != nil {
		return 0, err
	}
	r.Conn.Close()
	return 0, errOnPurpose
}

// halfHello sends the first half of a ClientHello, and nothing after it.
func (t *tunnel) halfHello(ctx context.Context, hold time.Duration, release <-chan struct{}) error {
	raw, err := t.DialRaw(ctx)
	if err != nil {
		return err
	}
	defer raw.Close()
	return t.brokenOff(ctx, halfWrite{raw, func() { load.Hold(hold, release) }})
}

// halfWrite is a connection that sends half of the first that is written, and
// then waits.
type halfWrite struct {
	net.Conn
	wait func()
}

func (h halfWrite) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	h.wait()
	h.Conn.Close()
	return n, errOnPurpose
}

// brokenOff does a handshake on a connection that breaks it off.
func (t *tunnel) brokenOff(ctx context.Context, conn net.Conn) error {
	whole, err := t.shake(ctx, conn)
	if err == nil {
		whole.Close()
		return errors.New("the handshake ended before it was broken off")
	}
	if errors.Is(err, errOnPurpose) {
		return nil
	}
	return err
}

// refused plays a session with wrong credentials: it goes well when the server
// closes, or says nothing for hold.
func (t *tunnel) refused(ctx context.Context, hold time.Duration, release <-chan struct{}) error {
	conn, err := t.dial(ctx)
	if err != nil {
		return unlessRefused(err)
	}
	defer conn.Close()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-time.After(hold):
		case <-release:
		case <-ctx.Done():
		case <-ended:
		}
		conn.Close()
	}()
	return unlessRefused(askInVain(conn))
}

// askInVain sends a few bytes and wants no answer.
func askInVain(conn net.Conn) error {
	const size = 64
	if _, err := io.Copy(conn, load.NewContent(0, 0, size).Reader(make([]byte, size))); err != nil {
		return err
	}
	if _, err := conn.Read(make([]byte, size)); err != nil {
		return err
	}
	return errors.New("the server accepted wrong credentials")
}

// unlessRefused keeps the errors that are not those of a refusal, or of our end
// of waiting for it.
func unlessRefused(err error) error {
	switch load.Kind(err, false) {
	case load.BadAuth, load.Decoy, "eof", "reset", "closed":
		return nil
	default:
		return fmt.Errorf("with wrong credentials: %w", err)
	}
}
