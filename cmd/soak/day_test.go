package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/alerts/detect"
	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/soak/plan"
	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/store"
)

// imagined is a server and its load that exist in virtual time alone.
type imagined struct {
	tallies chan soak.Tally
	state   atomic.Value // string
	grow    float64      // fds per hour
}

func (v *imagined) Tallies() <-chan soak.Tally { return v.tallies }
func (v *imagined) Send(c soak.Command) error {
	switch c.Do {
	case soak.DoStart:
		v.state.Store(soak.DriverLoad)
	case soak.DoPause:
		v.state.Store(soak.DriverPaused)
	case soak.DoDrain:
		v.state.Store(soak.DriverDrained)
	}
	return nil
}
func (v *imagined) Process() (soak.Process, bool) {
	return soak.Process{Role: soak.RoleTarget, PID: 7, Start: 1, Pprof: "http://127.0.0.1:1/"}, true
}
func (v *imagined) Events() <-chan soak.Event { return nil }

func (v *imagined) drive(ctx context.Context) {
	var ops int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		state := v.state.Load().(soak.DriverState)
		if state == soak.DriverLoad {
			ops += 200
		}
		select {
		case v.tallies <- soak.Tally{Wall: time.Now(), State: state, Loads: []soak.LoadTally{{Load: "tcp", Protocol: "tcp", Due: ops, Operations: ops}}}:
		case <-ctx.Done():
			return
		}
	}
}

// readings are noisy integers and bytes around a level, as a real server's are.
type readings struct {
	v    *imagined
	role string
	from time.Time
	rand *rand.Rand
	cpu  float64
}

func (r *readings) Tick(context.Context, time.Duration) ([]soak.Sample, []soak.Event) {
	r.cpu += 0.01
	s := func(name string, v float64) soak.Sample {
		return soak.Sample{SeriesID: soak.SeriesOf(r.role, name), Value: v}
	}
	fds, busy := 10.0, r.v.state.Load() == soak.DriverLoad
	if r.role == soak.RoleTarget {
		fds += math.Floor(r.v.grow * time.Since(r.from).Hours())
		if busy {
			fds += 200 + float64(r.rand.IntN(3))
		}
	}
	return []soak.Sample{
		s("fds", fds), s("threads", 9), s("goroutines", fds+3), s("cpu_seconds_total", math.Floor(r.cpu*100)/100),
		s("rss_bytes", 4096*float64(5000+r.rand.IntN(40))), s("go_heap_live_bytes", float64(2_000_000+r.rand.IntN(100_000))),
	}, nil
}
func (r *readings) ReadAll(ctx context.Context) ([]soak.Sample, []soak.Event) { return r.Tick(ctx, 0) }
func (r *readings) Close()                                                    {}

// TestEngine_DayInVirtualTime runs 24 hours at one sample a second through the real
// engine, store, detector and report.
func TestEngine_DayInVirtualTime(t *testing.T) {
	for _, c := range []struct {
		grow float64
		want soak.State
	}{{0, soak.Clean}, {2, soak.Leaking}} {
		t.Run(fmt.Sprintf("%v fds per hour", c.grow), func(t *testing.T) {
			t.Parallel() // only with each other: one core each
			path := filepath.Join(t.TempDir(), "day.soak")
			live := recordDay(t, path, c.grow)
			r, err := runs.Report(path)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != c.want {
				t.Errorf("verdict %s: %v", r.Verdict, r.Reasons)
			}
			if r.Evidence.SamplesDue < 86_400 || r.Evidence.Gaps > 0 || r.Evidence.Rests < 25 {
				t.Errorf("evidence %+v", r.Evidence)
			}
			agree(t, live, r)
			if info, _ := os.Stat(path); info.Size() > 20<<20 {
				t.Errorf("the file has %d bytes", info.Size())
			}
		})
	}
}

// agree fails where the report of the file says other than the last look did.
func agree(t *testing.T, live engine.Status, r report.Report) {
	t.Helper()
	if len(live.Series) != len(r.Series) {
		t.Fatalf("%d series were judged live and %d from the file", len(live.Series), len(r.Series))
	}
	stored := map[string]report.Series{}
	for _, s := range r.Series {
		stored[s.Process+" "+s.Metric] = s
	}
	for _, l := range live.Series {
		s := stored[l.Process+" "+l.Metric]
		same := func(a, b soak.Float) bool { return a == b || a != a && b != b }
		if s.Verdict != l.Verdict || !same(s.Slope, l.Slope) || !same(s.MinDetectable, l.MinDetectable) {
			t.Errorf("%s %s: live %s %v ±%v, from the file %s %v ±%v", l.Process, l.Metric, l.Verdict, l.Slope, l.MinDetectable, s.Verdict, s.Slope, s.MinDetectable)
		}
	}
}

// recordDay records a virtual day and returns the last status.
func recordDay(t *testing.T, path string, grow float64) (last engine.Status) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := plan.Default()
		p.Duration = 24 * time.Hour
		if err := plan.Complete(&p); err != nil {
			t.Fatal(err)
		}
		file, err := store.Create(path, soak.Run{ID: "day", Name: "day", Command: "run", Plan: p, Start: time.Now(), Metrics: engine.Metrics()}, store.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		v := &imagined{tallies: make(chan soak.Tally), grow: grow}
		v.state.Store(soak.DriverReady)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go v.drive(ctx)
		from := time.Now()
		ended, err := engine.Run(ctx, engine.Config{
			ID: "day", Plan: p, Target: v, Driver: v, Own: []soak.Process{{Role: soak.RoleMonitor, PID: 1}},
			Open: func(p soak.Process) engine.Sampler {
				return &readings{v: v, role: p.Role, from: from, rand: rand.New(rand.NewPCG(1, uint64(len(p.Role))))}
			},
			Fetch: func(_ context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
				return soak.ProfileMeta{Kind: kind, GC: o.GC}, []byte("profile"), nil
			},
			Recorder: file, Detector: detect.Judge{}, Status: func(s engine.Status) { last = s },
		})
		if err != nil || ended != soak.EndFinished {
			t.Errorf("ended %q, %v", ended, err)
		}
		run := file.Run()
		run.End, run.Ended = time.Now(), ended
		if err := file.SetRun(run); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		synctest.Wait()
	})
	return last
}
