package protocol

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"soakmon/soak/load"
)

// Dirty implements load.DirtyDialer. Where it ends a connection, that is one of
// its own, also where the clean sessions share one.
func (d *sshDialer) Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) (handled bool, err error) {
	switch kind {
	case load.HandshakeReset:
		return true, d.resetHandshake(ctx)
	case load.HalfOpen:
		if sshHalfOpens.Add(1)%2 == 0 {
			return false, nil // nothing is said at all
		}
		return true, d.versionOnly(ctx, hold, release)
	case load.WrongAuth:
		return true, d.wrongAuth(ctx)
	case load.Reset:
		return true, d.reset(ctx)
	case load.StreamReset:
		return true, d.resetStream(ctx)
	default:
		return false, nil
	}
}

// sshHalfOpens numbers the half-open sessions.
var sshHalfOpens atomic.Uint64

// resetHandshake resets the connection when the server speaks after our version
// is said: in the middle of the key exchange.
func (d *sshDialer) resetHandshake(ctx context.Context) error {
	raw, err := d.DialRaw(ctx)
	if err != nil {
		return err
	}
	link, err := d.login(ctx, resetOnRead{raw})
	if err == nil {
		link.Close()
		return errors.New("the handshake ended before it was broken off")
	}
	if errors.Is(err, errOnPurpose) {
		return nil
	}
	return err
}

// versionOnly says the version of SSH, and nothing after it.
func (d *sshDialer) versionOnly(ctx context.Context, hold time.Duration, release <-chan struct{}) error {
	raw, err := d.DialRaw(ctx)
	if err != nil {
		return err
	}
	defer raw.Close()
	if _, err := io.WriteString(raw, "SSH-2.0-soak\r\n"); err != nil {
		return err
	}
	load.Hold(hold, release)
	return nil
}

// wrongAuth logs in with a wrong password.
func (d *sshDialer) wrongAuth(ctx context.Context) error {
	config := *d.config
	config.Auth = []ssh.AuthMethod{ssh.Password("not the password")}
	wrong := sshEndpoint{address: d.address, config: &config}
	link, err := wrong.dial(ctx)
	if err == nil {
		link.Close()
		return errors.New("the server accepted wrong credentials")
	}
	return unlessRefused(err)
}

// reset ends a connection with a reset, after an operation.
func (d *sshDialer) reset(ctx context.Context) error {
	c, err := d.dialOwn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if err := echoOnce(c); err != nil {
		return err
	}
	return load.Linger0(c.link.raw)
}

// resetStream closes a channel in the middle of a transfer, on a connection that
// lasts.
func (d *sshDialer) resetStream(ctx context.Context) error {
	c, err := d.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := echoOnce(c); err != nil {
		return err
	}
	_, err = io.CopyN(c, load.NewContent(0, 1, 64<<10).Reader(make([]byte, 64<<10)), 32<<10)
	return err
}

// echoOnce sends a few bytes and wants them back.
func echoOnce(conn net.Conn) error {
	content := load.NewContent(0, 0, 64)
	if _, err := io.Copy(conn, content.Reader(make([]byte, 64))); err != nil {
		return err
	}
	_, err := content.Receive(conn, make([]byte, 64))
	return err
}
