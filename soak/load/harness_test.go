package load

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"soakmon/soak"
)

// driven is a driver under test.
type driven struct {
	t       testing.TB
	in      *io.PipeWriter
	tallies chan soak.Tally
	ended   chan error
	last    soak.Tally
}

func drive(t testing.TB, o DriveOptions) *driven {
	t.Helper()
	in, commands := io.Pipe()
	tallies, out := io.Pipe()
	d := &driven{t: t, in: commands, tallies: make(chan soak.Tally, 1), ended: make(chan error, 1)}
	go func() {
		d.ended <- Drive(context.Background(), in, out, o)
		out.Close()
	}()
	go func() {
		defer close(d.tallies)
		for lines := json.NewDecoder(tallies); ; {
			var one soak.Tally
			if lines.Decode(&one) != nil {
				return
			}
			d.tallies <- one
		}
	}()
	t.Cleanup(func() { commands.Close() })
	d.await("ready")
	return d
}

func (d *driven) send(c soak.Command) {
	d.t.Helper()
	if err := json.NewEncoder(d.in).Encode(c); err != nil {
		d.t.Fatal(err)
	}
}

// start begins the loads, with tallies a little more than interval apart: in
// virtual time a tally would else be made at the very instant of an operation,
// which may then be counted or not.
func (d *driven) start(interval time.Duration, loads ...soak.Workload) {
	d.t.Helper()
	d.send(soak.Command{Do: soak.DoStart, Loads: loads, Interval: interval + 300*time.Microsecond})
}

// next is the next tally.
func (d *driven) next() soak.Tally {
	d.t.Helper()
	one, ok := <-d.tallies
	if !ok {
		d.t.Fatalf("the driver ended: %v; last tally %+v", <-d.ended, d.last)
	}
	d.last = one
	return one
}

// until takes tallies until one satisfies enough.
func (d *driven) until(what string, enough func(soak.Tally) bool) soak.Tally {
	d.t.Helper()
	for range 100_000 {
		if one := d.next(); enough(one) {
			return one
		}
	}
	d.t.Fatalf("no tally with %s; last %+v", what, d.last)
	return soak.Tally{}
}

func (d *driven) await(state soak.DriverState) soak.Tally {
	d.t.Helper()
	return d.until("state "+string(state), func(t soak.Tally) bool { return t.State == state })
}

// stop stops the driver and gives the last tally.
func (d *driven) stop() soak.Tally {
	d.t.Helper()
	d.send(soak.Command{Do: soak.DoStop})
	d.await("stopped")
	if err := <-d.ended; err != nil {
		d.t.Fatal(err)
	}
	return d.last
}

func decode(t testing.TB, times soak.Times) *hdrhistogram.Histogram {
	t.Helper()
	h := hdrhistogram.New(1, int64(longest), 3)
	for i := 0; i < len(times); i += 2 {
		if err := h.RecordValues(times[i], times[i+1]); err != nil || i > 0 && times[i] <= times[i-2] {
			t.Fatalf("times %v: %v", times, err)
		}
	}
	return h
}

// memory is an opener whose server is a function: it is called for each
// operation with the session's number and the operation's.
type memory struct {
	serve  func(session, n uint64) error
	dial   func(session uint64) error
	opened []time.Time
	closed []time.Time
	dirty  []string
	dirtAt []time.Time
	mu     sync.Mutex
	shut   atomic.Bool
}

func (m *memory) open(soak.Workload) (Opener, error) { return m, nil }

func (m *memory) Open(ctx context.Context) (Session, error) {
	m.mu.Lock()
	m.opened = append(m.opened, time.Now())
	number := uint64(len(m.opened))
	m.mu.Unlock()
	if m.dial != nil {
		if err := m.dial(number); err != nil {
			return nil, err
		}
	}
	return &memorySession{m: m, number: number}, nil
}

// times is one of the lists as it is now.
func (m *memory) times(list *[]time.Time) []time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(*list)
}

func (m *memory) kinds() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.dirty)
}

func (m *memory) Close() error { m.shut.Store(true); return nil }

func (m *memory) Dirty(_ context.Context, kind string, hold time.Duration, release <-chan struct{}) error {
	m.mu.Lock()
	m.dirty = append(m.dirty, kind)
	m.dirtAt = append(m.dirtAt, time.Now())
	m.mu.Unlock()
	Hold(hold, release)
	return nil
}

type memorySession struct {
	m      *memory
	number uint64
	over   sync.Once
}

func (s *memorySession) Do(n uint64, deadline time.Time) (int64, int64, error) {
	if s.m.serve == nil {
		return 10, 20, nil
	}
	if err := s.m.serve(s.number, n); err != nil {
		return 0, 0, err
	}
	return 10, 20, nil
}

func (s *memorySession) Close() error {
	s.over.Do(func() {
		s.m.mu.Lock()
		s.m.closed = append(s.m.closed, time.Now())
		s.m.mu.Unlock()
	})
	return nil
}

// tcp dials an address.
type tcp string

func (a tcp) Dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", string(a))
}

func (tcp) Close() error { return nil }

// openTCP opens conns to the load's address in the mode of its destination.
func openTCP(w soak.Workload) (Opener, error) { return Conns(tcp(w.Address), w.Destination, w.Payload) }

// listen serves each connection on a loopback port until the test ends.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		served.Wait()
	})
	return l.Addr().String()
}

// plainEcho is an echo server that knows nothing of soak.
func plainEcho(conn net.Conn) {
	defer conn.Close()
	_, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
}

var errBroken = errors.New("broken")

// sum adds counts by kind.
func sum(count map[string]int64) (n int64) {
	for _, c := range count {
		n += c
	}
	return n
}
