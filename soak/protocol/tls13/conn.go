package tls13

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"soakmon/soak/load"
)

// batch is how many records go out in one system call.
const batch = 8

const (
	recordOverhead = headerSize + 1 + tagSize
	closeTimeout   = time.Second // for the alert that says goodbye
)

// Buffers of what is being sent: most writes are small.
var (
	recordBuffers = load.NewBuffers(maxPlain + 4*recordOverhead)
	batchBuffers  = load.NewBuffers(batch * (maxPlain + recordOverhead))
)

// Conn is a connection after its handshake. One goroutine may read while another
// writes and a third closes.
type Conn struct {
	transport *Transport
	in        *protection
	plain     []byte // decrypted, in the transport's buffer, not yet read
	messages  []byte // of the handshake's kind, not yet whole
	readErr   error

	mu       sync.Mutex // locked by a write
	held     []byte     // the end of the handshake, to go with the first payload
	out      *protection
	writeErr error
	silent   bool // closes without goodbye
}

func newConn(t *Transport, s suite, readSecret, writeSecret []byte) (*Conn, error) {
	in, err := newProtection(s, readSecret)
	if err != nil {
		return nil, err
	}
	out, err := newProtection(s, writeSecret)
	c := &Conn{transport: t, in: in, out: out, held: t.held}
	t.held = nil
	return c, err
}

// NetConn is the TCP connection below.
func (c *Conn) NetConn() net.Conn { return c.transport.Conn }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.transport.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.transport.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.transport.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.transport.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn. After a write that was late the
// connection is of no use.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.transport.SetWriteDeadline(t) }

// Read gives what all whole records that have arrived hold, as far as p has
// room, and waits for one only where there is none.
func (c *Conn) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(c.plain) > 0 {
			m := copy(p[n:], c.plain)
			c.plain = c.plain[m:]
			n += m
			continue
		}
		if c.readErr != nil || n > 0 && c.transport.buffered() == 0 {
			break
		}
		m, err := c.readRecord(p[n:])
		n += m
		if err != nil {
			if !isTimeout(err) {
				c.readErr = err
			}
			if n == 0 {
				return 0, err
			}
		}
	}
	if n == 0 && len(p) > 0 {
		return 0, c.readErr
	}
	return n, nil
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// readRecord decrypts a record, straight to p where p has room for it.
func (c *Conn) readRecord(p []byte) (n int, err error) {
	record, err := c.transport.record()
	if err != nil {
		return 0, err
	}
	dst := record[headerSize:headerSize]
	direct := len(p) >= len(record)-headerSize-tagSize
	if direct {
		dst = p[:0]
	}
	content, kind, err := c.in.open(dst, record)
	switch {
	case err != nil:
		return 0, err
	case kind == typeApplication && direct:
		return len(content), nil
	case kind == typeApplication:
		c.plain = content
		return 0, nil
	case kind == typeAlert:
		return 0, alertError(content)
	case kind == typeHandshake:
		return 0, c.handle(content)
	default:
		return 0, errors.New("tls13: a record of an unexpected kind")
	}
}

// alertError is the error that an alert stands for (section 6).
func alertError(content []byte) error {
	if len(content) != 2 {
		return errors.New("tls13: an alert that is not of 2 bytes")
	}
	if content[1] == closeNotify {
		return io.EOF
	}
	return tls.AlertError(content[1])
}

const (
	alertWarning = 1
	closeNotify  = 0
)

// Write sends p, in records of 16 KiB.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr != nil {
		return 0, c.writeErr
	}
	buffers := recordBuffers
	if len(p) > maxPlain {
		buffers = batchBuffers
	}
	buf := buffers.Get()
	defer buffers.Put(buf)
	for n < len(p) && c.writeErr == nil {
		part := p[n:min(len(p), n+batch*maxPlain)]
		if c.writeErr = c.send(buf[:0], part); c.writeErr == nil {
			n += len(part)
		}
	}
	return n, c.writeErr
}

// send sends application data in one system call, with what is held back.
func (c *Conn) send(out, p []byte) error {
	out = append(out, c.held...)
	c.held = nil
	for len(p) > 0 {
		size := min(len(p), maxPlain)
		out = c.out.seal(out, p[:size], typeApplication)
		p = p[size:]
	}
	_, err := c.transport.Conn.Write(out)
	return err
}

// sendMessage sends one small record other than application data.
func (c *Conn) sendMessage(kind byte, content ...byte) error {
	_, err := c.transport.Conn.Write(c.out.seal(c.held, content, kind))
	c.held = nil
	return err
}

// Flush sends the end of the handshake where no payload has taken it along.
func (c *Conn) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held) > 0 && c.writeErr == nil {
		_, c.writeErr = c.transport.Conn.Write(c.held)
		c.held = nil
	}
	return c.writeErr
}

// SetLinger is that of the TCP connection; with 0 there is no goodbye either.
func (c *Conn) SetLinger(seconds int) error {
	c.mu.Lock()
	c.silent = seconds == 0
	c.mu.Unlock()
	return load.Linger0(c.transport.Conn)
}

// CloseWrite sends close_notify; reading remains possible.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr != nil {
		return c.writeErr
	}
	if c.writeErr = c.sendMessage(typeAlert, alertWarning, closeNotify); c.writeErr != nil {
		return c.writeErr
	}
	c.writeErr = net.ErrClosed
	if half, ok := c.transport.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close sends close_notify, unless a write is under way, and closes.
func (c *Conn) Close() error {
	if c.mu.TryLock() {
		if c.writeErr == nil && !c.silent {
			_ = c.transport.SetWriteDeadline(time.Now().Add(closeTimeout))
			_ = c.sendMessage(typeAlert, alertWarning, closeNotify) // a peer that is gone needs none
		}
		c.writeErr = net.ErrClosed
		c.mu.Unlock()
	}
	return c.transport.Conn.Close()
}
