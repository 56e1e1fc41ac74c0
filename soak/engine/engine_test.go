package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/alerts/detect"
	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// bench is an in-memory load driver, target and recorder.
type bench struct {
	tallies chan soak.Tally
	die     chan struct{} // ends the driver
	sent    []soak.Command
	state   atomic.Value // soak.DriverState

	mute atomic.Bool                             // the driver sends no tallies
	fail func(operations int64) map[string]int64 // errors by kind after that number of operations; may be nil

	events  chan soak.Event
	down    atomic.Bool
	pid     atomic.Int64
	fds     func(at time.Duration) float64
	without string // a metric without samples
	heap    bool   // all processes have a live heap
	opened  []int  // pids

	keep     bool // keep the rows
	kept     []soak.Row
	full     atomic.Bool // the disk is full
	rows     int
	notes    []soak.Event
	profiles []soak.ProfileMeta
	alerts   []soak.Alert
}

func newBench() *bench {
	b := &bench{fds: func(time.Duration) float64 { return 210 }}
	b.state.Store(soak.DriverReady)
	b.pid.Store(7)
	return b
}

// connect makes the channels, which must belong to the synctest bubble.
func (b *bench) connect() {
	b.tallies, b.die, b.events = make(chan soak.Tally), make(chan struct{}), make(chan soak.Event, 1)
}

func (b *bench) Tallies() <-chan soak.Tally { return b.tallies }

func (b *bench) Send(c soak.Command) error {
	b.sent = append(b.sent, c)
	switch c.Do {
	case soak.DoStart:
		b.state.Store(soak.DriverLoad)
	case soak.DoPause:
		b.state.Store(soak.DriverPaused)
	case soak.DoDrain:
		b.state.Store(soak.DriverDrained)
	}
	return nil
}

func (b *bench) Process() (soak.Process, bool) {
	return soak.Process{Role: soak.RoleTarget, PID: int(b.pid.Load()), Start: 1, Pprof: "http://127.0.0.1:1/debug/pprof/"}, !b.down.Load()
}
func (b *bench) Events() <-chan soak.Event { return b.events }

func (b *bench) Append(r soak.Row) error {
	b.rows++
	if b.keep {
		b.kept = append(b.kept, r)
	}
	return b.written()
}

func (b *bench) Note(e soak.Event) error {
	b.notes = append(b.notes, e)
	return b.written()
}

func (b *bench) written() error {
	if b.full.Load() {
		return errors.New("no space left on device")
	}
	return nil
}

func (b *bench) PutProfile(m soak.ProfileMeta, _ []byte) error {
	b.profiles = append(b.profiles, m)
	return nil
}
func (b *bench) PutHistogram(soak.Histogram) error { return nil }
func (b *bench) Enqueue(a soak.Alert) error        { b.alerts = append(b.alerts, a); return nil }

// drive sends a tally per second, as the driver does.
func (b *bench) drive(ctx context.Context) {
	var ops int64
	for n := uint64(0); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-b.die:
			close(b.tallies)
			return
		case <-time.After(time.Second):
		}
		state := b.state.Load().(soak.DriverState)
		if state == soak.DriverLoad {
			ops += 200
		}
		if b.mute.Load() {
			continue
		}
		l := soak.LoadTally{Load: "tcp", Protocol: "tcp", Due: ops, Operations: ops}
		if b.fail != nil {
			l.Errors, l.Examples = b.fail(ops), map[string]string{}
			for kind, n := range l.Errors {
				l.Examples[kind] = fmt.Sprintf("%s number %d", kind, n)
			}
		}
		t := soak.Tally{Seq: n, Wall: time.Now(), State: state, Loads: []soak.LoadTally{l}}
		select {
		case b.tallies <- t:
		case <-ctx.Done():
			return
		}
	}
}

// sampler returns the values of the bench.
type sampler struct {
	b    *bench
	role string
	from time.Time
}

func (s sampler) Tick(context.Context, time.Duration) ([]soak.Sample, []soak.Event) {
	fds := 10.0
	if s.role == soak.RoleTarget {
		fds = s.b.fds(time.Since(s.from))
	}
	all := []soak.Sample{{SeriesID: soak.SeriesOf(s.role, "fds"), Value: fds}, {SeriesID: soak.SeriesOf(s.role, "goroutines"), Value: 5}}
	if s.b.heap {
		all = append(all, soak.Sample{SeriesID: soak.SeriesOf(s.role, "go_heap_live_bytes"), Value: 1 << 20})
	}
	return slices.DeleteFunc(all, func(m soak.Sample) bool { return m.Metric == s.b.without }), nil
}
func (s sampler) ReadAll(ctx context.Context) ([]soak.Sample, []soak.Event) { return s.Tick(ctx, 0) }
func (s sampler) Close()                                                    {}

func testPlan(d time.Duration) soak.Plan {
	return soak.Plan{
		Name: "test", Duration: d, Interval: time.Second, Warmup: 20 * time.Second,
		Load:     []soak.Workload{{Name: "tcp", Protocol: "tcp", Rate: 200}},
		Rest:     soak.Rest{Settle: time.Minute},
		Profiles: soak.Profiles{Every: time.Minute, Kinds: []string{"heap", "goroutine"}},
	}
}

func fetched(_ context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
	time.Sleep(20 * time.Millisecond)
	return soak.ProfileMeta{Kind: kind, GC: o.GC}, []byte("x"), nil
}

// play runs a plan in virtual time; during, if not nil, runs concurrently.
func play(t *testing.T, p soak.Plan, b *bench, during func(orders chan<- soak.Order)) (ended soak.End) {
	t.Helper()
	ended, err := playWith(t, p, b, during, func(*Config) {})
	if err != nil {
		t.Error(err)
	}
	return ended
}

// playWith is play with a changed configuration.
func playWith(t *testing.T, p soak.Plan, b *bench, during func(orders chan<- soak.Order), change func(*Config)) (ended soak.End, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b.connect()
		go b.drive(ctx)
		orders := make(chan soak.Order)
		if during != nil {
			go during(orders)
		}
		from := time.Now()
		c := Config{
			ID: "id", Plan: p, Target: b, Driver: b, Own: []soak.Process{{Role: soak.RoleMonitor, PID: 1}},
			Open: func(p soak.Process) Sampler {
				b.opened = append(b.opened, p.PID)
				return sampler{b, p.Role, from}
			},
			Fetch:    fetched,
			Recorder: b, Detector: detect.Judge{}, Orders: orders, Status: func(Status) {},
		}
		change(&c)
		ended, err = Run(ctx, c)
		cancel()
		synctest.Wait()
	})
	return ended, err
}

func (b *bench) phases() string {
	var names []string
	for _, e := range b.notes {
		if e.Kind == soak.EventPhase {
			names = append(names, e.Name)
		}
	}
	return strings.Join(names, " ")
}

func (b *bench) count(kind soak.EventKind) (n int) {
	for _, e := range b.notes {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func TestRun_Phases(t *testing.T) {
	b := newBench()
	if ended := play(t, testPlan(2*time.Minute), b, nil); ended != soak.EndFinished {
		t.Errorf("ended %q", ended)
	}
	if got, want := b.phases(), "baseline warmup steady rest drain"; got != want {
		t.Errorf("phases %q, want %q", got, want)
	}
	if b.count(soak.EventGap) > 0 {
		t.Errorf("gaps were noted, but there were none: %v", b.notes)
	}
	rests := judge.Rests(b.notes)
	if len(rests) != 3 {
		t.Errorf("%d rest samples, want baseline, kept and drained", len(rests))
	}
	for _, r := range rests {
		if !r.Forced {
			t.Errorf("no collection was forced at the rest at %s", r.At)
		}
	}
	if len(b.alerts) > 0 {
		t.Errorf("a flat run raised %v", b.alerts)
	}
}

func TestRun_RestInterval(t *testing.T) {
	p := testPlan(time.Hour)
	p.Rest.Every = 10 * time.Minute
	b := newBench()
	play(t, p, b, nil)
	want := "baseline warmup steady" + strings.Repeat(" rest warmup steady", 5) + " rest drain"
	if got := b.phases(); got != want {
		t.Errorf("phases %q\nwant   %q", got, want)
	}
}

func TestRun_LeakRaisesAlertAndSnapshot(t *testing.T) {
	b := newBench()
	b.fds = func(at time.Duration) float64 { return 210 + math.Floor(2*at.Seconds()) }
	play(t, testPlan(5*time.Minute), b, nil)
	if len(b.alerts) == 0 || b.alerts[0].State != soak.Firing || b.alerts[0].Metric != "fds" {
		t.Fatalf("alerts %v, want fds firing", b.alerts)
	}
	if !slices.ContainsFunc(b.profiles, func(m soak.ProfileMeta) bool { return m.Why == soak.ProfileAlert }) {
		t.Error("no profiles were taken at the alert")
	}
}

func TestRun_TargetDead(t *testing.T) {
	b := newBench()
	ended := play(t, testPlan(5*time.Minute), b, func(chan<- soak.Order) {
		time.Sleep(time.Minute)
		b.down.Store(true)
		b.events <- soak.Event{Kind: soak.EventCrash, Text: "killed"}
	})
	if ended != soak.EndTargetDead {
		t.Errorf("ended %q", ended)
	}
	if b.rows > 70 {
		t.Errorf("%d rows: the run did not end", b.rows)
	}
}

func TestRun_DriverDead(t *testing.T) {
	b := newBench()
	ended := play(t, testPlan(5*time.Minute), b, func(chan<- soak.Order) {
		time.Sleep(time.Minute)
		close(b.die)
	})
	if ended != soak.EndDriverDead {
		t.Errorf("ended %q", ended)
	}
}

func TestRun_Orders(t *testing.T) {
	b := newBench()
	ended := play(t, testPlan(time.Hour), b, func(orders chan<- soak.Order) {
		time.Sleep(2 * time.Minute)
		orders <- soak.OrderPause
		time.Sleep(time.Minute)
		orders <- soak.OrderResume
		time.Sleep(time.Minute)
		orders <- soak.OrderRest
		time.Sleep(time.Minute)
		orders <- soak.OrderSnapshot
		orders <- soak.OrderStop
	})
	if want := "baseline warmup steady paused warmup steady rest warmup steady rest drain"; b.phases() != want {
		t.Errorf("phases %q\nwant   %q", b.phases(), want)
	}
	if ended != soak.EndStopped {
		t.Errorf("ended %q", ended)
	}
}

func TestRun_InterruptBeforeLoad(t *testing.T) {
	b := newBench()
	ended := play(t, testPlan(time.Hour), b, func(orders chan<- soak.Order) {
		time.Sleep(2 * time.Second)
		orders <- soak.OrderInterrupt
	})
	if ended != soak.EndInterrupted || len(b.sent) != 0 {
		t.Errorf("ended %q after %v", ended, b.sent)
	}
}

func TestRun_VariesRate(t *testing.T) {
	p := testPlan(10 * time.Minute)
	p.Load[0].Vary = soak.Vary{By: 0.3, Every: time.Minute}
	b := newBench()
	play(t, p, b, nil)
	var factors []string
	for _, c := range b.sent {
		if c.Do == soak.DoRate {
			factors = append(factors, fmt.Sprint(c.Factor))
		}
	}
	if got := strings.Join(factors, " "); got != "1.3 0.7 1.3 0.7 1.3 0.7 1.3 0.7 1.3" {
		t.Errorf("factors %q", got)
	}
	if b.count(soak.EventRate) != len(factors) {
		t.Error("not every step is a mark")
	}
}

// Loads that varied at the same times could not be distinguished.
func TestRun_LoadsVaryAtDifferentTimes(t *testing.T) {
	p := testPlan(10 * time.Minute)
	p.Load[0].Vary = soak.Vary{By: 0.3, Every: time.Minute}
	p.Load = append(p.Load, p.Load[0])
	p.Load[1].Name = "other"
	b := newBench()
	play(t, p, b, nil)
	at := map[string][]time.Duration{}
	for _, e := range b.notes {
		if e.Kind == soak.EventRate {
			at[e.Name] = append(at[e.Name], e.At)
		}
	}
	one, other := at[p.Load[0].Name], at["other"]
	if len(one) < 8 || len(other) < 8 {
		t.Fatalf("%v", at)
	}
	for i := range min(len(one), len(other)) {
		if d := other[i] - one[i]; d < 25*time.Second || d > 35*time.Second {
			t.Errorf("step %d comes at %v and at %v", i, one[i], other[i])
		}
	}
}

func TestRun_Watch(t *testing.T) {
	b := newBench()
	synctest.Test(t, func(t *testing.T) {
		b.connect()
		from := time.Now()
		ended, err := Run(t.Context(), Config{
			ID: "id", Plan: testPlan(2 * time.Minute), Target: b,
			Open: func(p soak.Process) Sampler { return sampler{b, p.Role, from} }, Fetch: fetched,
			Recorder: b, Detector: detect.Judge{},
		})
		if ended != soak.EndFinished || err != nil {
			t.Errorf("ended %q, %v", ended, err)
		}
	})
	if got := b.phases(); got != "warmup steady" {
		t.Errorf("phases %q", got)
	}
}

func TestRun_Suspend(t *testing.T) {
	b := newBench()
	var asleep atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		b.connect()
		from := time.Now()
		go func() {
			time.Sleep(30 * time.Second)
			asleep.Store(int64(time.Hour))
		}()
		_, err := Run(t.Context(), Config{
			ID: "id", Plan: testPlan(2 * time.Hour), Target: b,
			Open: func(p soak.Process) Sampler { return sampler{b, p.Role, from} }, Fetch: fetched,
			Recorder: b, Detector: detect.Judge{}, Asleep: func() time.Duration { return time.Duration(asleep.Load()) },
		})
		if err != nil {
			t.Error(err)
		}
	})
	if b.count(soak.EventSuspend) != 1 {
		t.Errorf("%d suspends noted, want 1", b.count(soak.EventSuspend))
	}
	if b.rows > 3700 || b.rows < 3500 {
		t.Errorf("%d rows: the suspended hour must count as elapsed time", b.rows)
	}
}

func TestRun_RelayDead(t *testing.T) {
	b := newBench()
	ended, err := playWith(t, testPlan(5*time.Minute), b, nil, func(c *Config) {
		events := make(chan soak.Event)
		c.Events = events
		go func() {
			time.Sleep(20 * time.Second)
			events <- soak.Event{Kind: soak.EventExit, Process: soak.RoleRelay, Text: "the relay ended: killed"}
		}()
	})
	if err != nil || ended != soak.EndRelayDead {
		t.Errorf("the run ended %q, %v", ended, err)
	}
	for _, e := range b.notes {
		if e.Process == soak.RoleRelay && e.Kind == soak.EventExit && e.At > 0 {
			return
		}
	}
	t.Errorf("the end of the relay is not noted: %+v", b.notes)
}
