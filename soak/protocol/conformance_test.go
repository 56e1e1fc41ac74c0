package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	startDestinations()
	for _, name := range protocol.Names() {
		for _, v := range variants(name, with) {
			t.Run(v.name, func(t *testing.T) { f(t, v.Protocol, v.options) })
		}
	}
}

// eachProtocol is everyProtocol with all variants of a protocol at once: a driver
// holds a rate for all of them in the time of one.
func eachProtocol(t *testing.T, f func(t *testing.T, all []variant)) {
	startDestinations()
	for _, name := range protocol.Names() {
		t.Run(name, func(t *testing.T) {
			f(t, variants(name, func(_ protocol.Protocol, variant string) bool { return !strings.Contains(variant, `"mode"`) }))
		})
	}
}

// variant is a protocol with one network and one set of options.
type variant struct {
	protocol.Protocol
	options soak.Options
	name    string
}

func variants(name string, with func(protocol.Protocol, string) bool) (all []variant) {
	p, _ := protocol.Lookup(name)
	networks := p.Networks
	if p.Dial == nil {
		networks = networks[:1]
	}
	for _, network := range networks {
		p.Networks = []string{network}
		for _, o := range append([]string{"{}"}, p.Variants...) {
			if with(p, o) {
				all = append(all, variant{p, soak.Options{JSON: []byte(o)}, name + "/" + network + o})
			}
		}
	}
	return all
}

// startDestinations has them there before anything is counted.
func startDestinations() {
	destination["tcp"]()
	destination["udp"]()
}

// long runs the tests with the counts of a campaign instead of those that show
// each property once.
var long = os.Getenv("SOAK_LONG") != ""

// patience is how long an operation may take that must not fail, and what is
// waited for: on a machine that is busy with other tests all takes longer, and a
// test that holds a rate must not fail for that.
const patience = 2 * time.Minute

// count is n, or the larger number of a long run.
func count[N int | int64 | uint64](n, ofLong N) N {
	if long {
		return ofLong
	}
	return n
}

// datagrams reports whether a test is to use a protocol over UDP.
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

// destination is the server behind the proxies of all tests, by network.
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
	d.within(patience, what, enough)
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

func (d *driver) start(loads ...soak.Workload) {
	d.t.Helper()
	d.send(soak.Command{Do: soak.DoStart, Loads: loads, Interval: 100 * time.Millisecond})
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
	for end := time.Now().Add(patience); !holds(); <-tick.C {
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

func TestConformance_OperationsVerified(t *testing.T) {
	everyMode(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		var served atomic.Int64
		opener, err := p.Open(workload(t, p, serve(t, p, protocol.ServeOptions{Options: o, OnOperation: func() { served.Add(1) }}), o))
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		const sessions = 4
		each := count[uint64](50, 500)
		for range sessions {
			s, err := opener.Open(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for n := range each {
				sent, received, err := s.Do(n, time.Now().Add(patience))
				if err != nil || sent+received == 0 {
					t.Fatalf("operation %d: sent %d, received %d, %v", n, sent, received, err)
				}
			}
			s.Close()
			s.Close()
		}
		waitFor(t, "all operations seen by the server", func() bool { return served.Load() == int64(sessions*each) })
	})
}

func TestConformance_PayloadSizes(t *testing.T) {
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
			operations := uint64(3)
			if size > 64<<10 {
				operations = count[uint64](1, 3)
			}
			end := time.Now().Add(patience)
			for n := range operations {
				_, _, err := s.Do(n, end)
				// The kernel drops packets that a starved reader leaves in its buffer, and
				// the largest datagram consists of some fifty of them.
				for errors.Is(err, load.ErrLost) && time.Now().Before(end) {
					_, _, err = s.Do(n, end)
				}
				if err != nil {
					t.Errorf("%d bytes, operation %d: %v", size, n, err)
				}
			}
			s.Close()
			opener.Close()
		}
	})
}

func TestConformance_DriverLeavesNothing(t *testing.T) {
	eachProtocol(t, func(t *testing.T, all []variant) {
		withoutGC(t)
		for _, v := range all {
			leavesNothing(t, v)
		}
	})
}

func leavesNothing(t *testing.T, v variant) {
	const operations, sessions = 20, 1
	server := serve(t, v.Protocol, protocol.ServeOptions{Options: v.options})
	var loads []soak.Workload
	for _, perSession := range []int{0, 1, 5} {
		w := workload(t, v.Protocol, server, v.options)
		w.Name, w.PerSession = fmt.Sprintf("%s by %d", v.name, perSession), perSession
		// One session at a time and much patience: a machine that does not hold the
		// rate starts operations late, and fails none. QUIC gives up on a handshake in
		// which it hears nothing for 5 s, so at most three share what a starved machine
		// has left.
		w.Rate, w.Concurrency, w.Timeout = 50, sessions, patience
		loads = append(loads, w)
	}
	d := drive(t)
	fds, goroutines := held()
	d.start(loads...)
	d.each(fmt.Sprintf("%d operations", operations), func(_ int, l soak.LoadTally) bool { return l.Operations >= operations })
	for i, got := range d.last.Loads {
		if got.Failed > 0 || loads[i].PerSession == 1 && got.Sessions < operations || loads[i].PerSession == 0 && got.Sessions > sessions {
			t.Errorf("%d operations per session: %+v", loads[i].PerSession, got)
		}
	}
	d.send(soak.Command{Do: soak.DoDrain})
	d.until("drained", func(t soak.Tally) bool { return t.State == "drained" })
	backTo(t, fds, goroutines)
	d.stop()
	server.Close()
}

func TestConformance_EachDirtyKind(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		t.Parallel() // it waits for the end of the dirty sessions
		server := serve(t, p, protocol.ServeOptions{Options: o})
		for _, kind := range p.Dirty {
			w := workload(t, p, server, o)
			w.Dirty = map[string]float64{kind: 1}
			opener, err := p.Open(w)
			if err != nil {
				t.Logf("%s: %v", kind, err)
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			// It is released, not held: a slow reader waits for its answer as long as
			// it holds.
			release := make(chan struct{})
			time.AfterFunc(100*time.Millisecond, func() { close(release) })
			if err := opener.(load.Dirtier).Dirty(ctx, kind, patience, release); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			cancel()
			opener.Close()
		}
	})
}

func TestConformance_WrongAddressKind(t *testing.T) {
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

func TestConformance_ServerRestart(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		t.Parallel() // it waits for operations to fail
		const seed = "acorn"
		server := serve(t, p, protocol.ServeOptions{Options: o, Seed: seed})
		d := drive(t)
		w := workload(t, p, server, o)
		w.Timeout, w.Rate, w.Concurrency = patience, 20, 10
		if p.Dial == nil && p.Transport(o) == "udp" {
			w.Timeout = 3 * time.Second // of HTTP/3 nothing else ends a dial to nobody
		}
		d.start(w)
		before := d.operations(15)
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
		d.operations(d.last.Loads[0].Operations + 15)
		d.stop()
		again.Close()
	})
}

func TestConformance_ServerClose(t *testing.T) {
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
				if _, _, err := s.Do(0, time.Now().Add(patience)); err != nil {
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
