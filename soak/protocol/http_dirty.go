package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
)

// checkDirty refuses what HTTP/3 has not got.
func (l *httpLoad) checkDirty(w soak.Workload) error {
	if _, ok := w.Dirty[load.Reset]; ok && l.Version == http3 {
		return fmt.Errorf("h3 has no dirty sessions of kind %q: QUIC has no TCP reset; %q is its like", load.Reset, load.Silent)
	}
	return nil
}

// Dirty implements load.Dirtier.
func (l *httpLoad) Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) error {
	if l.Version == http3 {
		return l.dirtyUDP(ctx, kind, hold, release)
	}
	return l.dirtyTCP(ctx, kind, hold, release)
}

func (l *httpLoad) dirtyTCP(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) error {
	if kind == load.HalfOpen {
		conn, err := tcpDialer(l.address).Dial(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		load.Hold(hold, release)
		return nil
	}
	var raw net.Conn
	transport := l.newTransport()
	transport.DialContext = func(ctx context.Context, _, address string) (conn net.Conn, err error) {
		raw, err = tcpDialer(address).Dial(ctx)
		return raw, err
	}
	s, err := l.openTCP(ctx, transport)
	if err != nil {
		return err
	}
	defer s.Close()
	vanish := func() { raw.Close() }
	if kind == load.Reset {
		if err := load.Linger0(raw); err != nil {
			return err
		}
	}
	return s.misbehave(ctx, kind, hold, release, vanish)
}

// dirtyUDP is dirtyTCP for a protocol whose peers vanish without notice.
func (l *httpLoad) dirtyUDP(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) error {
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return err
	}
	if kind == load.HalfOpen {
		return l.halfOpenUDP(ctx, socket, hold, release)
	}
	conn := vanishAfter(socket, math.MaxInt64)
	s, err := l.openH3(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.misbehave(ctx, kind, hold, release, func() { conn.gone.Store(true) })
}

// halfOpenUDP sends the first datagram of a handshake and nothing after it.
func (l *httpLoad) halfOpenUDP(ctx context.Context, socket net.PacketConn, hold time.Duration, release <-chan struct{}) error {
	ctx, cancel := untilReleased(ctx, hold, release)
	defer cancel()
	if s, err := l.openH3(ctx, vanishAfter(socket, 1)); err == nil {
		s.Close()
		return errors.New("the server took one datagram for a whole handshake")
	}
	return nil
}

// misbehave runs one request of a dirty session. vanish ends the connection
// below without the protocol's goodbye.
func (s *httpSession) misbehave(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}, vanish func()) error {
	content := load.NewContent(s.id, 0, s.load.payload)
	if kind == load.Abort {
		return s.abort(ctx, content, vanish)
	}
	response, err := s.send(ctx, content)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch kind {
	case load.SlowReader:
		return notEOF(load.ReadSlowly(response.Body, hold, release))
	case load.Silent:
		if s.load.Version == http3 {
			vanish() // and the server may wait for it
		}
		load.Hold(hold, release)
		vanish()
		return nil
	case load.Reset:
		_, err := s.receive(response, content)
		vanish()
		return err
	default:
		return fmt.Errorf("unknown dirty kind %q: use one of %q", kind, load.DirtyKinds)
	}
}

// abort ends the connection in the middle of a request: in its body, or where it
// has none as soon as its header is written.
func (s *httpSession) abort(ctx context.Context, content load.Content, vanish func()) error {
	var begun atomic.Bool
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
		begun.Store(true)
		if s.load.payload == 0 {
			cancel()
		}
	}})
	request := s.load.request.WithContext(ctx)
	if s.load.payload > 0 {
		half := io.LimitReader(content.Reader(s.out), s.load.payload/2)
		request.Body, request.ContentLength = io.NopCloser(io.MultiReader(half, breakingOff{})), s.load.payload
	}
	response, err := s.conn.RoundTrip(request)
	if err == nil {
		response.Body.Close()
	} else if !begun.Load() {
		return err
	}
	vanish()
	return nil
}

// breakingOff is the end of a body that is broken off.
type breakingOff struct{}

func (breakingOff) Read([]byte) (int, error) { return 0, errors.New("broken off on purpose") }
