package load

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// The modes of a load over connections.
const (
	Echo     = "echo"      // the payload goes out and the same comes back; any echo server will do
	BulkUp   = "bulk_up"   // a transfer to a [Destination]
	BulkDown = "bulk_down" // a transfer from a [Destination]
	BulkBoth = "bulk_both" // both at the same time
)

// Conns makes sessions of a dialer's connections. payload is in bytes each way
// per operation, at least 1. It owns the dialer.
//
// An echo of more than 64 KiB goes piece by piece, each back before the next is
// sent, so that it cannot block on full buffers. Bulk transfers are streams.
func Conns(dialer Dialer, mode string, payload int64) (Opener, error) {
	if payload < 1 {
		return nil, fmt.Errorf("payload is %d bytes; a load over connections needs at least 1", payload)
	}
	if mode != Echo && requests[mode] == 0 {
		return nil, fmt.Errorf("invalid mode %q: use %s, %s, %s or %s", mode, Echo, BulkUp, BulkDown, BulkBoth)
	}
	return &conns{dialer: dialer, mode: mode, payload: payload, buffers: NewBuffers(bufferSize)}, nil
}

type conns struct {
	dialer   Dialer
	mode     string
	payload  int64
	sessions atomic.Uint64 // numbers them
	buffers  Buffers       // for transfers
}

func (c *conns) Close() error { return c.dialer.Close() }

// Drain implements [Drainer].
func (c *conns) Drain() error { return drain(c.dialer) }

func (c *conns) Open(ctx context.Context) (Session, error) {
	conn, err := c.dialer.Dial(ctx)
	if err != nil {
		return nil, err
	}
	s := connSession{conn: conn, id: c.sessions.Add(1), payload: c.payload, close: sync.OnceValue(conn.Close), used: time.Now()}
	if c.mode == Echo {
		size := min(c.payload, chunkSize)
		return &echoSession{s, make([]byte, size), make([]byte, size)}, nil
	}
	deadline, _ := ctx.Deadline()
	if err := s.greet(deadline); err != nil {
		s.Close()
		return nil, err
	}
	return &bulkSession{s, c.mode, c.buffers}, nil
}

type connSession struct {
	conn    net.Conn
	id      uint64
	payload int64
	close   func() error
	used    time.Time // last
}

func (s *connSession) Close() error { return s.close() }

// begin prepares the connection for an operation, unless the peer has ended it
// meanwhile.
func (s *connSession) begin(deadline time.Time) error {
	if err := s.conn.SetDeadline(deadline); err != nil {
		return err
	}
	if time.Since(s.used) > idleAfter && ended(s.conn) {
		return ErrStale
	}
	return nil
}

// echoSession sends the bare payload and expects it back.
type echoSession struct {
	connSession
	out, in []byte
}

func (s *echoSession) Do(n uint64, deadline time.Time) (sent, received int64, err error) {
	if err := s.begin(deadline); err != nil {
		return 0, 0, err
	}
	content := NewContent(s.id, n, s.payload)
	for i := int64(0); err == nil && received < content.size; i++ {
		var up, down int64
		up, down, err = echoChunk(s.conn, content, i, s.out, s.in)
		sent += up
		received += down
	}
	s.used = time.Now()
	return sent, received, err
}

// echoChunk sends chunk i and reads and verifies the same.
func echoChunk(conn net.Conn, content Content, i int64, out, in []byte) (sent, received int64, err error) {
	size := content.fill(out, i)
	n, err := conn.Write(out[:size])
	if err != nil {
		return int64(n), 0, err
	}
	m, err := readFull(conn, in[:size])
	if err == nil && !content.equal(in[:size], i) {
		err = mismatch("the echo of %d bytes differs from what was sent", size)
	}
	return int64(n), int64(m), err
}
