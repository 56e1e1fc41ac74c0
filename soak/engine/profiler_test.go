package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/alerts/detect"
	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/judge"
)

func TestRest_ForcesCollectionWithoutHeapKind(t *testing.T) {
	for _, c := range []struct {
		kinds  []string
		forced bool
	}{{[]string{"goroutine"}, true}, {[]string{"heap"}, true}, {nil, false}} {
		p := testPlan(2 * time.Minute)
		p.Profiles.Kinds = c.kinds
		b := newBench()
		play(t, p, b, nil)
		rests := judge.Rests(b.notes)
		if len(rests) != 3 {
			t.Errorf("kinds %v: %d rests", c.kinds, len(rests))
		}
		for _, r := range rests {
			if r.Forced != c.forced {
				t.Errorf("kinds %v: forced %v at %s", c.kinds, r.Forced, r.At)
			}
		}
	}
}

func TestRest_NoCPUProfileAndNoPause(t *testing.T) {
	b, cpu, pauses := newBench(), 0, 0
	p := testPlan(4 * time.Minute)
	p.Profiles = soak.Profiles{Every: time.Minute, Kinds: []string{"heap", "cpu"}}
	_, err := playWith(t, p, b, nil, func(c *Config) {
		c.Fetch = func(_ context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
			switch {
			case kind == "cpu":
				cpu++
			case o.Pause:
				pauses++
			}
			return soak.ProfileMeta{Kind: kind, GC: o.GC}, []byte("x"), nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	scheduled := 0
	for _, e := range b.notes {
		if e.Kind == soak.EventSnapshot && e.Name == string(soak.ProfileSchedule) {
			scheduled++
		}
	}
	if rests := len(judge.Rests(b.notes)); cpu == 0 || cpu != scheduled || pauses != scheduled || rests < 3 {
		t.Errorf("%d CPU profiles, %d pauses asked for, %d snapshots by schedule, %d rests", cpu, pauses, scheduled, rests)
	}
}

func TestRest_FailedProfileForcesNoCollection(t *testing.T) {
	b := newBench()
	_, err := playWith(t, testPlan(2*time.Minute), b, nil, func(c *Config) {
		c.Fetch = func(context.Context, soak.Process, string, profiles.Options) (soak.ProfileMeta, []byte, error) {
			return soak.ProfileMeta{GC: true}, nil, errors.New("connection refused")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range judge.Rests(b.notes) {
		if r.Forced {
			t.Errorf("a collection at %s, although the target refused", r.At)
		}
	}
	if n := b.count(soak.EventProbe); n != 4 { // heap, goroutine, goroutineleak, dump
		t.Errorf("%d failures noted, want each kind once", n)
	}
}

func TestProfiler_MissingGoroutineLeakProfile(t *testing.T) {
	b, asked := newBench(), 0
	_, err := playWith(t, testPlan(2*time.Minute), b, nil, func(c *Config) {
		c.Fetch = func(_ context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
			if kind == goroutineLeak {
				asked++
				return soak.ProfileMeta{}, nil, profiles.ErrNotServed
			}
			return soak.ProfileMeta{Kind: kind, GC: o.GC}, []byte("x"), nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.count(soak.EventProbe); asked != 1 || n != 0 {
		t.Errorf("asked %d times, noted %d failures, want 1 and 0", asked, n)
	}
}

// slow returns a Fetch that takes the time took and logs the start of each fetch.
func slow(begun *[]string, under *atomic.Int64, took time.Duration) Fetch {
	from := time.Now()
	return func(ctx context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
		under.Add(1)
		defer under.Add(-1)
		*begun = append(*begun, kind+" "+time.Since(from).Round(time.Second).String())
		select {
		case <-time.After(took):
			return soak.ProfileMeta{Kind: kind, GC: o.GC}, []byte("x"), nil
		case <-ctx.Done():
			return soak.ProfileMeta{}, nil, ctx.Err()
		}
	}
}

func TestProfiler_NoFetchOutlivesRun(t *testing.T) {
	b := newBench()
	synctest.Test(t, func(t *testing.T) {
		b.connect()
		ctx, cancel := context.WithCancel(t.Context())
		go b.drive(ctx)
		go func() {
			time.Sleep(30 * time.Second)
			b.events <- soak.Event{Kind: soak.EventCrash, Text: "killed"}
		}()
		var under atomic.Int64
		ended, err := Run(ctx, Config{
			ID: "id", Plan: testPlan(time.Hour), Target: b, Driver: b,
			Open: func(p soak.Process) Sampler { return sampler{b, p.Role, time.Now()} },
			Fetch: func(ctx context.Context, _ soak.Process, _ string, _ profiles.Options) (soak.ProfileMeta, []byte, error) {
				under.Add(1)
				defer under.Add(-1)
				<-ctx.Done()
				time.Sleep(time.Second) // closing the connection takes a moment
				return soak.ProfileMeta{}, nil, ctx.Err()
			},
			Recorder: b, Detector: detect.Judge{},
			Status: func(s Status) {
				if s.Ended != "" && under.Load() == 0 {
					t.Error("no fetch is in progress at the end, so the test checks nothing")
				}
			},
		})
		if n := under.Load(); ended != soak.EndTargetDead || err != nil || n != 0 {
			t.Errorf("ended %q, %v, with %d fetches under way", ended, err, n)
		}
		cancel()
	})
}

// A target that does not answer profile requests delays the first rest for the full
// time limit and the others briefly. Once it answers, its profiles are stored again.
func TestProfiler_UnresponsiveTarget(t *testing.T) {
	p := testPlan(time.Hour)
	p.Profiles.Every, p.Rest.Every = 0, 10*time.Minute
	b, waited, after := newBench(), time.Duration(0), 0
	from := time.Time{}
	_, err := playWith(t, p, b, nil, func(c *Config) {
		from = time.Now()
		c.Fetch = func(_ context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
			if time.Since(from) > 45*time.Minute {
				after++
				return soak.ProfileMeta{Kind: kind, GC: o.GC}, []byte("x"), nil
			}
			began := time.Now()
			time.Sleep(cmp.Or(o.Within, 30*time.Second))
			waited += time.Since(began)
			return soak.ProfileMeta{}, nil, fmt.Errorf("no complete answer: %w", context.DeadlineExceeded)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if rests := len(judge.Rests(b.notes)); rests < 6 || waited < 30*time.Second || waited > 30*time.Second+time.Duration(rests)*retryLimit {
		t.Errorf("%d rests, waited %v", rests, waited)
	}
	if n := b.count(soak.EventProbe); n != 1 || after < 3 {
		t.Errorf("%d failures noted, %d profiles in the end", n, after)
	}
}

// A collection forced under load does not count for the rest that follows.
func TestRest_WaitsForItsOwnCollection(t *testing.T) {
	var begun []string
	var under atomic.Int64
	p := testPlan(time.Hour)
	p.Profiles = soak.Profiles{Every: time.Hour, Kinds: []string{"heap"}}
	b := newBench()
	_, err := playWith(t, p, b, give([]step{{5 * time.Minute, soak.OrderSnapshot}, {5 * time.Second, soak.OrderRest}, {5 * time.Minute, soak.OrderStop}}), func(c *Config) { c.Fetch = slow(&begun, &under, 40*time.Second) })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(begun, "heap 5m0s") || !slices.Contains(begun, "heap 5m40s") {
		t.Errorf("fetched %v, want a set of its own for the rest after the one asked for at 5m0s", begun)
	}
}

func TestProfiler_AlertWhileBusy(t *testing.T) {
	var begun []string
	var under atomic.Int64
	p := testPlan(10 * time.Minute)
	p.Profiles.Every = time.Second // a set is always in progress
	b := newBench()
	b.fds = func(at time.Duration) float64 { return 210 + float64(2*(at/time.Second)) }
	_, err := playWith(t, p, b, nil, func(c *Config) { c.Fetch = slow(&begun, &under, 10*time.Second) })
	if err != nil {
		t.Fatal(err)
	}
	if len(b.alerts) == 0 || !slices.ContainsFunc(b.profiles, func(m soak.ProfileMeta) bool { return m.Why == soak.ProfileAlert }) {
		t.Errorf("%d alerts, but no profiles of them", len(b.alerts))
	}
}
