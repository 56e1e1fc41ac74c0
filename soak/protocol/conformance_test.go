package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
)

// everyProtocol runs a test with each protocol of the registry, with its default
// options and with each of its variants, and over each of its networks: the
// first of p.Networks is the one to use. Bulk transfers are left out.
func everyProtocol(t *testing.T, f func(t *testing.T, p protocol.Protocol, o soak.Options)) {
	every(t, func(p protocol.Protocol, variant string) bool { return !strings.Contains(variant, `"mode"`) }, f)
}

// everyMode is everyProtocol, bulk transfers included.
func everyMode(t *testing.T, f func(t *testing.T, p protocol.Protocol, o soak.Options)) {
	every(t, func(p protocol.Protocol, variant string) bool {
		return !datagrams(p) || !strings.Contains(variant, `"mode"`)
	}, f)
}

func every(t *testing.T, with func(protocol.Protocol, string) bool, f func(t *testing.T, p protocol.Protocol, o soak.Options)) {
	destination["tcp"]() // are there before anything is counted
	destination["udp"]()
	for _, name := range protocol.Names() {
		p, _ := protocol.Lookup(name)
		networks := p.Networks
		if p.Dial == nil {
			networks = networks[:1]
		}
		for _, network := range networks {
			p.Networks = []string{network}
			for _, variant := range append([]string{"{}"}, p.Variants...) {
				if with(p, variant) {
					t.Run(name+"/"+network+variant, func(t *testing.T) { f(t, p, soak.Options{JSON: []byte(variant)}) })
				}
			}
		}
	}
}

// datagrams tells whether a test is to use a protocol over UDP.
func datagrams(p protocol.Protocol) bool { return p.Networks[0] == "udp" }

func serve(t testing.TB, p protocol.Protocol, o protocol.ServeOptions) protocol.Server {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	s, err := p.Serve(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// workload is a load on a server, with all that a client must know of it.
func workload(t testing.TB, p protocol.Protocol, s protocol.Server, o soak.Options) soak.Workload {
	t.Helper()
	merged, err := options.Merge(o, s.Options())
	if err != nil {
		t.Fatal(err)
	}
	w := soak.Workload{Name: "x", Protocol: p.Name, Address: s.Addr(), Payload: 1500, Options: merged, Timeout: 5 * time.Second,
		Network: p.Networks[0], Rate: 500, Concurrency: 100}
	if p.Proxy {
		w.Destination = destination[w.Network]()
	}
	return w
}

// destination is what stands behind the proxies of all tests, by network.
var destination = map[string]func() string{"tcp": behind("tcp"), "udp": behind("udp")}

func behind(network string) func() string {
	return sync.OnceValue(func() string {
		p, _ := protocol.Lookup(network)
		s, err := p.Serve(context.Background(), protocol.ServeOptions{Address: "127.0.0.1:0"})
		if err != nil {
			panic(err)
		}
		return s.Addr()
	})
}

// driver is a driver under test and what it tallied last.
type driver struct {
	t       testing.TB
	in      *io.PipeWriter
	tallies *json.Decoder
	ended   chan error
	last    soak.Tally
	warned  string // all that was to be known, by now
}

func drive(t testing.TB) *driver {
	t.Helper()
	in, commands := io.Pipe()
	tallies, out := io.Pipe()
	d := &driver{t: t, in: commands, tallies: json.NewDecoder(tallies), ended: make(chan error, 1)}
	go func() {
		err := load.Drive(context.Background(), in, out, load.DriveOptions{Open: new(protocol.Destinations).Open})
		out.CloseWithError(err)
		d.ended <- err
	}()
	t.Cleanup(func() { commands.Close() })
	d.until("ready", func(t soak.Tally) bool { return t.State == "ready" })
	return d
}

func (d *driver) send(c soak.Command) {
	d.t.Helper()
	if err := json.NewEncoder(d.in).Encode(c); err != nil {
		d.t.Fatal(err)
	}
}

func (d *driver) until(what string, enough func(soak.Tally) bool) {
	d.t.Helper()
	d.within(20*time.Second, what, enough)
}

func (d *driver) within(patience time.Duration, what string, enough func(soak.Tally) bool) {
	d.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		d.last = soak.Tally{}
		if err := d.tallies.Decode(&d.last); err != nil {
			d.t.Fatalf("waiting for %s: the driver ended: %v", what, err)
		}
		d.warned += d.last.Warning
		if enough(d.last) {
			return
		}
	}
	d.t.Fatalf("never came: %s; %+v", what, d.last)
}

func (d *driver) start(w soak.Workload) {
	d.t.Helper()
	d.send(soak.Command{Do: soak.DoStart, Loads: []soak.Workload{w}, Interval: 100 * time.Millisecond})
}

func (d *driver) operations(n int64) soak.LoadTally {
	d.t.Helper()
	d.until(fmt.Sprintf("%d operations", n), func(t soak.Tally) bool { return len(t.Loads) > 0 && t.Loads[0].Operations >= n })
	return d.last.Loads[0]
}

func (d *driver) stop() {
	d.t.Helper()
	d.send(soak.Command{Do: soak.DoStop})
	d.until("stopped", func(t soak.Tally) bool { return t.State == "stopped" })
	if err := <-d.ended; err != nil {
		d.t.Error(err)
	}
}

func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("never came: %s\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
}

// withoutGC keeps finalizers from closing what was forgotten, as far as the
// memory lasts.
func withoutGC(t *testing.T) {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(1<<30)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
}

// held is what this process holds.
func held() (fds, goroutines int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries), runtime.NumGoroutine()
}

func backTo(t testing.TB, fds, goroutines int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d file descriptors and %d goroutines, as before", fds, goroutines), func() bool {
		f, g := held()
		return f <= fds && g <= goroutines
	})
}

func TestOperationsAreVerifiedOnKeptSessions(t *testing.T) {
	everyMode(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		var served atomic.Int64
		opener, err := p.Open(workload(t, p, serve(t, p, protocol.ServeOptions{Options: o, OnOperation: func() { served.Add(1) }}), o))
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		for range 4 {
			s, err := opener.Open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for n := range uint64(500) {
				sent, received, err := s.Do(n, time.Now().Add(10*time.Second))
				if err != nil || sent+received == 0 {
					t.Fatalf("operation %d: sent %d, received %d, %v", n, sent, received, err)
				}
			}
			s.Close()
			s.Close()
		}
		waitFor(t, "2,000 operations seen by the server", func() bool { return served.Load() == 2000 })
	})
}

func TestPayloadsOfAllSizesComeBack(t *testing.T) {
	everyMode(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		server := serve(t, p, protocol.ServeOptions{Options: o})
		sizes := []int64{1, 31, 4096, 64 << 10, 64<<10 + 1, 1 << 20}
		if datagrams(p) {
			sizes = []int64{load.LeastPacket, 31, 1200, 4096, load.MostPacket}
		}
		for _, size := range sizes {
			w := workload(t, p, server, o)
			w.Payload = size
			opener, err := p.Open(w)
			if size == load.MostPacket && err != nil && strings.Contains(err.Error(), "carries") {
				continue // a header takes some of the room
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := opener.Open(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for n := range uint64(3) {
				if _, _, err := s.Do(n, time.Now().Add(10*time.Second)); err != nil {
					t.Errorf("%d bytes, operation %d: %v", size, n, err)
				}
			}
			s.Close()
			opener.Close()
		}
	})
}

func TestDriverLeavesNothingBehindAndNothingFails(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		withoutGC(t)
		for _, perSession := range []int{0, 1, 5} {
			server := serve(t, p, protocol.ServeOptions{Options: o})
			d := drive(t)
			fds, goroutines := held()
			w := workload(t, p, server, o)
			w.PerSession, w.Rate = perSession, 200
			if perSession == 1 {
				w.Rate = 80 // a handshake each; with the race detector not every machine has 200
			}
			d.start(w)
			if got := d.operations(80); got.Failed > 0 || perSession == 1 && got.Sessions < 80 || perSession == 0 && got.Sessions > 100 {
				t.Errorf("%d operations per session: %+v", perSession, got)
			}
			d.send(soak.Command{Do: soak.DoDrain})
			d.until("drained", func(t soak.Tally) bool { return t.State == "drained" })
			backTo(t, fds, goroutines)
			d.stop()
			server.Close()
		}
	})
}

func TestEachDirtyKindComesAbout(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		server := serve(t, p, protocol.ServeOptions{Options: o})
		for _, kind := range p.Dirty {
			w := workload(t, p, server, o)
			w.Dirty = map[string]float64{kind: 1}
			opener, err := p.Open(w)
			if err != nil {
				t.Logf("%s: %v", kind, err)
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			if err := opener.(load.Dirtier).Dirty(ctx, kind, 100*time.Millisecond, nil); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			cancel()
			opener.Close()
		}
	})
}

func TestWrongAddressHasItsKind(t *testing.T) {
	unused := func(network string) string {
		if network == "udp" {
			c, _ := net.ListenPacket("udp", "127.0.0.1:0")
			defer c.Close()
			return c.LocalAddr().String()
		}
		l, _ := net.Listen("tcp", "127.0.0.1:0")
		defer l.Close()
		return l.Addr().String()
	}
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		want := "refused"
		if strings.Contains(string(o.JSON), "h3") {
			want = "dial_timeout"
		}
		server := serve(t, p, protocol.ServeOptions{Options: o})
		w := workload(t, p, server, o)
		server.Close()
		w.Address = unused(p.Transport(o))
		opener, err := p.Open(w)
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		fds, goroutines := held()
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		s, err := opener.Open(ctx)
		if err == nil && datagrams(p) && !p.Proxy {
			_, _, err = s.Do(0, time.Now().Add(time.Second)) // plain UDP has no handshake
			s.Close()
		} else if err == nil {
			s.Close()
			t.Fatal("a session opened to nowhere")
		}
		if kind := load.Kind(err, true); kind != want {
			t.Errorf("%v is %s, want %s", err, kind, want)
		}
		backTo(t, fds, goroutines)
	})
}

func TestServerThatIsStartedAgainIsUsedAgain(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		const seed = "acorn"
		server := serve(t, p, protocol.ServeOptions{Options: o, Seed: seed})
		d := drive(t)
		w := workload(t, p, server, o)
		w.Timeout, w.Rate, w.Concurrency = 3*time.Second, 100, 20
		d.start(w)
		before := d.operations(30)
		if before.Failed > 0 {
			t.Errorf("before the restart: %+v", before)
		}
		server.Close()
		d.until("failures", func(one soak.Tally) bool {
			if one.Loads[0].Errors["other"] > 0 {
				t.Errorf("errors: %v: %s", one.Loads[0].Errors, one.Loads[0].Examples["other"])
			}
			return one.Loads[0].Failed > 5
		})
		again := serve(t, p, protocol.ServeOptions{Options: o, Seed: seed, Address: server.Addr()})
		if !bytes.Equal(again.Options().JSON, server.Options().JSON) {
			t.Errorf("other keys or credentials from the same seed:\n%s\n%s", server.Options().JSON, again.Options().JSON)
		}
		d.operations(d.last.Loads[0].Operations + 30)
		d.stop()
		again.Close()
	})
}

func TestCloseOfAServerEndsItsConnections(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		withoutGC(t)
		fds, goroutines := held()
		ctx, cancel := context.WithCancel(context.Background())
		for _, end := range []func(s protocol.Server){
			func(s protocol.Server) { s.Close() },
			func(protocol.Server) { cancel() },
		} {
			server, err := p.Serve(ctx, protocol.ServeOptions{Address: "127.0.0.1:0", Options: o})
			if err != nil {
				t.Fatal(err)
			}
			opener, err := p.Open(workload(t, p, server, o))
			if err != nil {
				t.Fatal(err)
			}
			var sessions []load.Session
			for range 5 {
				s, err := opener.Open(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.Do(0, time.Now().Add(5*time.Second)); err != nil {
					t.Fatal(err)
				}
				sessions = append(sessions, s)
			}
			end(server)
			server.Close() // a second time must do no harm, and waits
			for _, s := range sessions {
				if _, _, err := s.Do(1, time.Now().Add(time.Second)); err == nil {
					t.Error("an operation passed after the server's end")
				}
				s.Close()
			}
			opener.Close()
			backTo(t, fds, goroutines)
		}
		cancel()
	})
}
