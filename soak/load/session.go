package load

import (
	"context"
	"net"
	"time"
)

// Dialer gives connections to a destination that echoes (see [Destination]):
// straight to it or through a proxy. [Conns] makes sessions of them.
type Dialer interface {
	Dial(ctx context.Context) (net.Conn, error)
	Close() error
}

// PacketDialer gives connections of datagrams to a destination that echoes (see
// [EchoPackets]). [Packets] makes sessions of them. Where a datagram cannot be as
// large as in UDP, it has a MaxPacket() int, in bytes of payload.
type PacketDialer interface {
	// DialPacket gives a connection of datagrams, and the address that WriteTo
	// sends to the workload's destination with. A datagram arrives whole or not
	// at all. Deadlines hold as on any net.PacketConn.
	DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error)
	Close() error
}

// Session carries operations, one at a time.
type Session interface {
	// Do does operation n of the load and verifies its result, before deadline.
	// sent and received are payload bytes, also where it fails. [ErrStale] asks
	// for a new session; after any other error the session is closed.
	Do(n uint64, deadline time.Time) (sent, received int64, err error)
	// Close ends the session and a Do under way. It may be called again.
	Close() error
}

// Pipelined is a [Session] that takes the next operation while others are under
// way.
type Pipelined interface {
	Session
	// Begin starts operation n; it waits while too many are under way. Where it
	// gives no error, done is called once, from any goroutine. [ErrStale] asks for
	// a new session; after any other error the session is closed.
	Begin(n uint64, deadline time.Time, done Done) error
	// Flush waits until nothing is under way.
	Flush()
}

// Opener opens sessions. ctx bounds the opening only.
type Opener interface {
	Open(ctx context.Context) (Session, error)
	Close() error
}

// Drainer is an [Opener] or a dialer whose sessions share something, which stays
// when they are closed.
type Drainer interface {
	// Drain closes what is shared. No session is open; the next one begins anew.
	Drain() error
}

// drain drains what can be.
func drain(it any) error {
	if d, ok := it.(Drainer); ok {
		return d.Drain()
	}
	return nil
}

// Dirtier is an [Opener] that can also run sessions that end badly on purpose.
type Dirtier interface {
	// Dirty runs one session of a kind of soak.Workload.Dirty to its end. What
	// lingers does so for hold, or until release is closed. ctx bounds all of
	// it. The error says that it did not come about.
	Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) error
}
