package load

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

// The kinds of dirty sessions.
const (
	Reset      = "rst"         // an operation, then a TCP reset
	Silent     = "silent"      // a request, and its answer is never read
	HalfOpen   = "half_open"   // a bare connection on which nothing is ever said
	Abort      = "abort"       // closed in the middle of a request
	SlowReader = "slow_reader" // a request, and its answer is read byte by byte

	// Of protocols with a handshake or with streams; their dialers run them.
	HandshakeReset = "handshake_rst" // a TCP reset in the middle of the handshake
	StreamReset    = "stream_reset"  // a stream reset in the middle of a transfer, on a connection that stays open
	WrongAuth      = "bad_auth"      // a handshake with wrong credentials
)

// DirtyKinds are all kinds that an [Opener] of [Conns] over TCP can run.
var DirtyKinds = []string{Reset, Silent, HalfOpen, Abort, SlowReader}

// slowly is the pause between two bytes of a slow reader.
const slowly = 20 * time.Millisecond

// rawDialer is a [Dialer] that can give the transport's connection to the
// server as well, on which the protocol's handshake has not begun.
type rawDialer interface {
	DialRaw(ctx context.Context) (net.Conn, error)
}

// DirtyDialer is a [Dialer] that runs kinds of dirty sessions of its own, as
// [Dirtier] does. The kinds that it does not handle are left to [Conns].
type DirtyDialer interface {
	Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) (handled bool, err error)
}

// Dirty implements [Dirtier].
func (c *conns) Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) error {
	if d, ok := c.dialer.(DirtyDialer); ok {
		if handled, err := d.Dirty(ctx, kind, hold, release); handled {
			return err
		}
	}
	dial := c.dialer.Dial
	if raw, ok := c.dialer.(rawDialer); ok && kind == HalfOpen {
		dial = raw.DialRaw
	}
	conn, err := dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	return c.runDirty(conn, kind, hold, release)
}

func (c *conns) runDirty(conn net.Conn, kind string, hold time.Duration, release <-chan struct{}) error {
	content := NewContent(c.sessions.Add(1), 0, min(c.payload, chunkSize))
	out := make([]byte, content.size)
	content.fill(out, 0)
	var err error
	switch kind {
	case HalfOpen:
	case Reset:
		if _, _, err = echoChunk(conn, content, 0, out, make([]byte, content.size)); err == nil {
			err = Linger0(conn)
		}
		return err
	case Abort:
		_, err = conn.Write(out[:(len(out)+1)/2])
		return err
	case SlowReader:
		_ = conn.SetReadDeadline(time.Now().Add(hold)) // it may have no answer
		if _, err = conn.Write(out); err == nil {
			err = ReadSlowly(conn, hold, release)
		}
		return err
	case Silent:
		_, err = conn.Write(out)
	default:
		return fmt.Errorf("invalid dirty kind %q: use one of %q", kind, DirtyKinds)
	}
	if err == nil {
		Hold(hold, release)
	}
	return err
}

// Hold waits for d, or until release is closed.
func Hold(d time.Duration, release <-chan struct{}) {
	select {
	case <-time.After(d):
	case <-release:
	}
}

// Linger0 makes the next Close of the TCP connection under conn a reset
// (SO_LINGER 0, socket(7)).
func Linger0(conn net.Conn) error {
	for {
		switch c := conn.(type) {
		case interface{ SetLinger(int) error }:
			return c.SetLinger(0)
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return fmt.Errorf("a %T cannot be reset", conn)
		}
	}
}

// ReadSlowly reads from r a byte at a time, for hold or until release is closed
// or r ends. The error is that of the first read.
func ReadSlowly(r io.Reader, hold time.Duration, release <-chan struct{}) error {
	end := time.Now().Add(hold)
	var b [1]byte
	if _, err := r.Read(b[:]); err != nil {
		return err
	}
	for time.Until(end) > 0 && !closed(release) {
		Hold(min(slowly, time.Until(end)), release)
		if _, err := r.Read(b[:]); err != nil {
			break
		}
	}
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// dirtyKind begins the dirty sessions of one kind at random among the clean
// ones, so that their number varies by itself: growth with one kind can be
// distinguished from growth with time or with another kind, although the load is
// constant. The same load draws the same sessions again.
type dirtyKind struct {
	kind  string
	share float64 // of the clean sessions
	draw  *rand.Rand
	open  atomic.Int64 // under way
	done  atomic.Int64
}

func dirtyKinds(load string, shares map[string]float64) []*dirtyKind {
	var kinds []*dirtyKind
	for _, kind := range slices.Sorted(maps.Keys(shares)) {
		seed := fnv.New64a()
		fmt.Fprintf(seed, "%q %q", load, kind)
		kinds = append(kinds, &dirtyKind{kind: kind, share: shares[kind], draw: rand.New(rand.NewPCG(seed.Sum64(), 0))})
	}
	return kinds
}

// due reports whether a dirty session is due with the given number of clean ones,
// which is at most 1.
func (k *dirtyKind) due(sessions float64) bool { return k.draw.Float64() < k.share*sessions }

// dirtied counts the dirty sessions by kind: those that have ended, and those in
// progress. One that ends meanwhile may be in both, and is always in one.
func (w *workload) dirtied() (done, open map[string]int64) {
	if len(w.dirty) == 0 {
		return nil, nil
	}
	done, open = map[string]int64{}, map[string]int64{}
	for _, k := range w.dirty {
		open[k.kind] = k.open.Load()
		done[k.kind] = k.done.Load()
	}
	return done, open
}
