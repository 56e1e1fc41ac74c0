package load

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
)

// parcel is a datagram that comes back some time after it was sent.
type parcel struct {
	after time.Duration
	data  []byte
}

// network is a path of datagrams in memory: fate says what comes back of the
// n-th one that was sent on any connection, from 0.
type network struct {
	fate func(n int, p []byte) []parcel

	mu    sync.Mutex
	sent  int
	conns int
	open  int
}

func (m *network) DialPacket(context.Context) (net.PacketConn, net.Addr, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns++
	m.open++
	return &networkConn{m: m, in: make(chan []byte, 4096), closed: make(chan struct{}), moved: make(chan struct{}, 1)}, &net.UDPAddr{}, nil
}

func (m *network) Close() error { return nil }

type limitedNetwork struct{ *network }

func (limitedNetwork) MaxPacket() int { return 1162 }

type networkConn struct {
	net.PacketConn
	m      *network
	in     chan []byte
	closed chan struct{}
	moved  chan struct{}

	mu       sync.Mutex
	deadline time.Time
}

func (c *networkConn) WriteTo(p []byte, _ net.Addr) (int, error) {
	c.m.mu.Lock()
	n := c.m.sent
	c.m.sent++
	c.m.mu.Unlock()
	for _, back := range c.m.fate(n, append([]byte(nil), p...)) {
		if back.data == nil {
			return 0, syscall.ECONNREFUSED
		}
		time.AfterFunc(back.after, func() {
			select {
			case c.in <- back.data:
			case <-c.closed:
			}
		})
	}
	return len(p), nil
}

func (c *networkConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		c.mu.Lock()
		deadline := c.deadline
		c.mu.Unlock()
		var late <-chan time.Time
		if !deadline.IsZero() {
			late = time.After(time.Until(deadline))
		}
		select {
		case data := <-c.in:
			return copy(p, data), &net.UDPAddr{}, nil
		case <-late:
			return 0, nil, os.ErrDeadlineExceeded
		case <-c.closed:
			return 0, nil, net.ErrClosed
		case <-c.moved:
		}
	}
}

func (c *networkConn) SetReadDeadline(at time.Time) error {
	c.mu.Lock()
	c.deadline = at
	c.mu.Unlock()
	select {
	case c.moved <- struct{}{}:
	default:
	}
	return nil
}

func (c *networkConn) SetWriteDeadline(time.Time) error { return nil }

func (c *networkConn) Close() error {
	c.m.mu.Lock()
	c.m.open--
	c.m.mu.Unlock()
	close(c.closed)
	return nil
}

func echo(p []byte) []parcel { return []parcel{{10 * time.Millisecond, p}} }

// overNetwork drives a datagram load in virtual time.
func overNetwork(t *testing.T, m *network, w soak.Workload, f func(d *driven)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, DriveOptions{sleepUntil: sleepByTimer, Open: func(w soak.Workload) (Opener, error) {
			return Packets(m, PacketOptions{Payload: w.Payload, Timeout: w.Timeout})
		}})
		d.start(time.Second, w)
		f(d)
		if m.open != 0 {
			t.Errorf("%d of %d connections were left open", m.open, m.conns)
		}
	})
}

func datagrams(rate float64, concurrency, perSession int) soak.Workload {
	return soak.Workload{Name: "u", Protocol: "memory", Network: "udp", Rate: rate, Concurrency: concurrency, PerSession: perSession, Payload: 100, Timeout: 10 * time.Second}
}

func TestPackets_LossNotLate(t *testing.T) {
	m := &network{fate: func(n int, p []byte) []parcel {
		if n%20 == 7 {
			return nil
		}
		return echo(p)
	}}
	overNetwork(t, m, datagrams(1000, 2, 0), func(d *driven) { // two sessions, each a second of 50 lost ones behind
		d.after(20 * time.Second)
		last := d.stop().Loads[0]
		if last.Late != 0 || last.Failed != 0 || last.Datagrams.Lost != (last.Due+12)/20 || last.Operations+last.Datagrams.Lost != last.Due {
			t.Errorf("every twentieth datagram is lost: %+v %+v", last, *last.Datagrams)
		}
		if last.Sessions != 2 || m.conns != 2 || last.InFlight != 0 {
			t.Errorf("a loss must not end a session: %+v", last)
		}
		if last.Datagrams.Reordered+last.Datagrams.Duplicated+last.Datagrams.Overdue+last.Datagrams.Foreign != 0 {
			t.Errorf("events that did not happen were counted: %+v", *last.Datagrams)
		}
	})
}

func TestPackets_LatencyFromDue(t *testing.T) {
	m := &network{fate: func(_ int, p []byte) []parcel { return echo(p) }}
	overNetwork(t, m, datagrams(99, 1, 0), func(d *driven) {
		d.after(3 * time.Second)
		if h := decode(t, d.last.Loads[0].Latency); h.Min() < 9_900_000 || h.Max() > 10_100_000 {
			t.Errorf("latency %d … %d ns, want 10 ms", h.Min(), h.Max())
		}
		d.stop()
	})
}

func TestPackets_Counters(t *testing.T) {
	m := &network{}
	m.fate = func(n int, p []byte) []parcel {
		switch n % 100 {
		case 10: // behind the next two, which are sent 10 ms later each
			return []parcel{{35 * time.Millisecond, p}}
		case 20:
			return []parcel{{10 * time.Millisecond, p}, {15 * time.Millisecond, p}, {20 * time.Millisecond, p}}
		case 30: // late: lost, and reordered as well
			return []parcel{{1500 * time.Millisecond, p}}
		case 40:
			return []parcel{{time.Millisecond, []byte("somebody else's words")}, {10 * time.Millisecond, p}}
		case 50:
			return []parcel{{time.Millisecond, []byte("short")}, {10 * time.Millisecond, p}}
		}
		return echo(p)
	}
	overNetwork(t, m, datagrams(99, 1, 0), func(d *driven) {
		d.after(9*time.Second + 600*time.Millisecond)
		d.send(soak.Command{Do: soak.DoPause})
		d.await("paused")
		last := d.last.Loads[0]
		want := soak.Datagrams{Lost: 10, Reordered: 20, Duplicated: 20, Overdue: 10, Foreign: 20}
		if d.after(3 * time.Second); *d.last.Loads[0].Datagrams != want || last.Operations != last.Due-10 || last.Failed != 0 {
			t.Errorf("%+v, want %+v of %+v", *d.last.Loads[0].Datagrams, want, last)
		}
		d.stop()
	})
}

func TestPackets_ChangedDatagram(t *testing.T) {
	m := &network{fate: func(n int, p []byte) []parcel {
		if n == 5 {
			p[60] ^= 1
		}
		if n == 6 {
			p = p[:50]
		}
		return echo(p)
	}}
	overNetwork(t, m, datagrams(99, 1, 0), func(d *driven) {
		d.after(3 * time.Second)
		if last := d.stop().Loads[0]; last.Failed != 2 || last.Errors["mismatch"] != 2 || last.Datagrams.Lost != 0 || last.Datagrams.Foreign != 0 {
			t.Errorf("%+v %+v", last, *last.Datagrams)
		}
	})
}

func TestPackets_SilentSessionRedialed(t *testing.T) {
	m := &network{}
	m.fate = func(_ int, p []byte) []parcel {
		if m.conns < 3 {
			return nil
		}
		return echo(p)
	}
	overNetwork(t, m, datagrams(9, 1, 0), func(d *driven) {
		d.after(30 * time.Second)
		last := d.stop().Loads[0]
		if m.conns != 3 || last.Late != 0 || last.Operations < 60 || last.Failed+last.Datagrams.Lost+last.Operations != last.Due {
			t.Errorf("%d connections; %+v %+v", m.conns, last, *last.Datagrams)
		}
		if last.Failed > 0 && last.Errors["timeout"] != last.Failed {
			t.Errorf("kinds: %v", last.Errors)
		}
	})
}

func TestPackets_SessionsEnd(t *testing.T) {
	m := &network{fate: func(n int, p []byte) []parcel {
		if n%10 == 3 { // each second session ends with one lost under way
			return nil
		}
		return echo(p)
	}}
	overNetwork(t, m, datagrams(1000, 10, 5), func(d *driven) {
		d.after(10 * time.Second)
		last := d.stop().Loads[0]
		if last.Failed+last.Late != 0 || last.Operations+last.Datagrams.Lost != last.Due || last.Sessions < 2000 || last.Sessions > 2020 {
			t.Errorf("%+v %+v", last, *last.Datagrams)
		}
	})
}

func TestPackets_RefusedDatagram(t *testing.T) {
	m := &network{fate: func(n int, p []byte) []parcel {
		if n < 3 {
			return []parcel{{}}
		}
		return echo(p)
	}}
	overNetwork(t, m, datagrams(9, 1, 0), func(d *driven) {
		d.after(3 * time.Second)
		if last := d.stop().Loads[0]; last.Errors["refused"] != 3 || last.Sessions != 4 || last.InFlight != 0 {
			t.Errorf("%+v", last)
		}
	})
}

func TestPackets_WindowFull(t *testing.T) {
	m := &network{fate: func(int, []byte) []parcel { return nil }}
	overNetwork(t, m, datagrams(10_000, 1, 0), func(d *driven) {
		d.after(2 * time.Second)
		if n := d.last.Loads[0].InFlight; n > mostUnderWay+1 {
			t.Errorf("%d are under way", n)
		}
		if last := d.stop().Loads[0]; last.Late == 0 || last.Datagrams.Lost+last.Late != last.Due {
			t.Errorf("%+v %+v", last, *last.Datagrams)
		}
	})
}

func TestPackets_PayloadLimits(t *testing.T) {
	for payload, want := range map[int64]string{15: "carries 16 to 65507", 65508: "carries 16 to 65507"} {
		if _, err := Packets(&network{}, PacketOptions{Payload: payload}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", payload, err)
		}
	}
	if _, err := Packets(limitedNetwork{&network{}}, PacketOptions{Payload: 4096}); err == nil || !strings.Contains(err.Error(), "carries 16 to 1162") {
		t.Error(err)
	}
}

func TestWindow_OldAnswers(t *testing.T) {
	w := newWindow()
	for range 3 * remembered {
		seq := w.send(datagram{})
		if _, a := w.answer(seq); !a.fresh || a.reordered || a.overdue || a.duplicate {
			t.Fatalf("answer to %d: %+v", seq, a)
		}
	}
	last := w.next - 1
	for back := range uint64(remembered + 10) {
		if _, a := w.answer(last - back); !a.duplicate {
			t.Fatalf("second answer to %d, %d back: %+v", last-back, back, a)
		}
	}
}
