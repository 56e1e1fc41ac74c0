package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"soakmon/soak"
)

// The bounds of a datagram load.
const (
	LeastPacket = 16             // bytes of payload: a key and a sequence number
	MostPacket  = 65535 - 20 - 8 // bytes of payload of UDP over IPv4 (RFC 768, RFC 791)

	DefaultLostAfter = time.Second
)

// PacketOptions are the settings of [Packets].
type PacketOptions struct {
	Payload   int64         // bytes each way per operation
	LostAfter time.Duration // a datagram whose answer has not come by then is lost; DefaultLostAfter where it is 0
	Timeout   time.Duration // a session on which every datagram is lost for this time is over; 10 s where it is 0
}

// Packets makes sessions of a dialer's packet connections: an operation is one
// datagram there and the same back. It owns the dialer.
//
// Sessions are [Pipelined], so a lost datagram holds up nobody. It ends its
// operation with [ErrLost] after LostAfter; the session stays open.
func Packets(dialer PacketDialer, o PacketOptions) (Opener, error) {
	most := int64(MostPacket)
	if limited, ok := dialer.(interface{ MaxPacket() int }); ok {
		most = int64(limited.MaxPacket())
	}
	if o.Payload < LeastPacket || o.Payload > most {
		return nil, fmt.Errorf("payload is %d bytes; a datagram of this load carries %d to %d", o.Payload, LeastPacket, most)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.LostAfter <= 0 {
		o.LostAfter = min(DefaultLostAfter, o.Timeout)
	}
	return &packets{PacketOptions: o, dialer: dialer}, nil
}

type packets struct {
	PacketOptions
	dialer   PacketDialer
	sessions atomic.Uint64 // numbers them

	lost, reordered, duplicated, overdue, foreign atomic.Int64
}

func (p *packets) Close() error { return p.dialer.Close() }

// Drain implements [Drainer].
func (p *packets) Drain() error { return drain(p.dialer) }

// Datagrams implements datagramCounter.
func (p *packets) Datagrams() soak.Datagrams {
	return soak.Datagrams{Lost: p.lost.Load(), Reordered: p.reordered.Load(), Duplicated: p.duplicated.Load(), Overdue: p.overdue.Load(), Foreign: p.foreign.Load()}
}

func (p *packets) Open(ctx context.Context) (Session, error) {
	conn, to, err := p.dialer.DialPacket(ctx)
	if err != nil {
		return nil, err
	}
	s := &packetSession{packets: p, conn: conn, to: to, id: p.sessions.Add(1), out: make([]byte, p.Payload), window: newWindow()}
	s.room.L = &s.mu
	s.reader.Go(s.read)
	return s, nil
}

// packetSession is one packet connection and its reader.
type packetSession struct {
	*packets
	conn   net.PacketConn
	to     net.Addr
	id     uint64
	out    []byte // of Begin
	reader sync.WaitGroup

	mu     sync.Mutex
	room   sync.Cond // something is under way no more, or err was set
	window window
	silent time.Time // since when all is lost; zero where the newest datagram to end was answered
	err    error     // why it takes no more
}

// Do implements [Session].
func (s *packetSession) Do(n uint64, deadline time.Time) (sent, received int64, err error) {
	done := make(chan struct{})
	begunErr := s.Begin(n, deadline, func(a, b int64, e error) {
		sent, received, err = a, b, e
		close(done)
	})
	if begunErr != nil {
		return 0, 0, begunErr
	}
	<-done
	return sent, received, err
}

// Begin implements [Pipelined].
func (s *packetSession) Begin(_ uint64, deadline time.Time, done Done) error {
	seq, err := s.register(done)
	if err != nil {
		return err
	}
	s.fill(s.out, seq)
	err = s.conn.SetWriteDeadline(deadline)
	if err == nil {
		_, err = s.conn.WriteTo(s.out, s.to)
	}
	if err == nil {
		return nil
	}
	s.mu.Lock()
	_, mine := s.window.take(seq)
	s.mu.Unlock()
	s.end(err)
	if !mine {
		return nil // the reader has called done
	}
	return err
}

// register gives the next datagram its number, once there is room for it.
func (s *packetSession) register(done Done) (seq uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.window.underWay) >= mostUnderWay && s.err == nil {
		s.room.Wait()
	}
	if s.err != nil {
		return 0, fmt.Errorf("%w: %w", ErrStale, s.err)
	}
	now := time.Now()
	if len(s.window.underWay) == 0 {
		s.wakeAt(now.Add(s.LostAfter))
	}
	return s.window.send(datagram{now, done}), nil
}

// wakeAt lets the reader look for lost datagrams. mu is held.
func (s *packetSession) wakeAt(at time.Time) {
	_ = s.conn.SetReadDeadline(at) // a closed connection's reader ends anyway
}

// Flush implements [Pipelined].
func (s *packetSession) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.window.underWay) > 0 && s.err == nil {
		s.room.Wait()
	}
}

// Close implements [Session].
func (s *packetSession) Close() error {
	s.end(net.ErrClosed)
	s.reader.Wait()
	return nil
}

// end closes the connection; all that is under way ends with err.
func (s *packetSession) end(err error) {
	s.mu.Lock()
	first := s.err == nil
	if first {
		s.err = err
	}
	cut := s.window.underWay
	s.window.underWay = map[uint64]datagram{}
	s.room.Broadcast()
	s.mu.Unlock()
	if first {
		s.conn.Close()
	}
	for _, d := range cut {
		d.done(s.Payload, 0, err)
	}
}

// read takes answers until the connection ends.
func (s *packetSession) read() {
	in := make([]byte, s.Payload+1) // one more, to see that one is too long
	for {
		n, _, err := s.conn.ReadFrom(in)
		switch {
		case err == nil:
			s.receive(in[:n])
		case timedOut(err):
			err = s.expire(time.Now())
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

// expire ends what is lost by now. The error says that nothing comes back on
// this session.
func (s *packetSession) expire(now time.Time) error {
	s.mu.Lock()
	lost := s.window.expire(now.Add(-s.LostAfter))
	if len(lost) > 0 && s.silent.IsZero() {
		s.silent = lost[0].sentAt
	}
	over := !s.silent.IsZero() && now.Sub(s.silent) >= s.Timeout
	var next time.Time
	if first, ok := s.window.first(); ok {
		next = first.Add(s.LostAfter)
	}
	s.wakeAt(next)
	s.room.Broadcast()
	s.mu.Unlock()
	s.lost.Add(int64(len(lost)))
	for _, d := range lost {
		d.done(s.Payload, 0, ErrLost)
	}
	if over {
		return &Error{"timeout", fmt.Errorf("nothing has come back on this session for %v", s.Timeout)}
	}
	return nil
}

// receive takes one datagram.
func (s *packetSession) receive(in []byte) {
	verified := s.verify(in)
	if len(in) < LeastPacket {
		s.foreign.Add(1)
		return
	}
	seq := binary.LittleEndian.Uint64(in[8:])
	s.mu.Lock()
	if seq >= s.window.next || !verified && s.window.underWay[seq].done == nil {
		s.mu.Unlock()
		s.foreign.Add(1)
		return
	}
	d, a := s.window.answer(seq)
	s.silent = time.Time{}
	s.room.Broadcast()
	s.mu.Unlock()
	s.count(a)
	switch {
	case a.fresh && verified:
		d.done(s.Payload, s.Payload, nil)
	case a.fresh:
		d.done(s.Payload, int64(len(in)), mismatch("the echo of a datagram of %d bytes differs from what was sent: %d bytes came", s.Payload, len(in)))
	}
}

func (s *packetSession) count(a arrival) {
	if a.reordered {
		s.reordered.Add(1)
	}
	if a.duplicate {
		s.duplicated.Add(1)
	}
	if a.overdue {
		s.overdue.Add(1)
	}
}

// fill writes datagram seq of the session: a content whose index is the
// sequence number.
func (s *packetSession) fill(p []byte, seq uint64) {
	NewContent(s.id, seq, s.Payload).fill(p, 0)
	binary.LittleEndian.PutUint64(p[8:], seq)
}

// verify reports whether p is a datagram that fill made. It leaves p as it was.
func (s *packetSession) verify(p []byte) bool {
	if int64(len(p)) != s.Payload {
		return false
	}
	seq := binary.LittleEndian.Uint64(p[8:])
	binary.LittleEndian.PutUint64(p[8:], 0)
	same := NewContent(s.id, seq, s.Payload).equal(p, 0)
	binary.LittleEndian.PutUint64(p[8:], seq)
	return same
}

// ErrLost says that no answer to a datagram came in time.
var ErrLost = errors.New("the datagram or its answer was lost")
