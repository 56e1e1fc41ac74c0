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

func TestACollectionIsForcedAtRestThoughNoHeapProfileIsPlanned(t *testing.T) {
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

func TestNoCPUProfileIsTakenAtRestAndNoPauseAskedFor(t *testing.T) {
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
		if e.Kind == soak.EventSnapshot && e.Name == "schedule" {
			scheduled++
		}
	}
	if rests := len(judge.Rests(b.notes)); cpu == 0 || cpu != scheduled || pauses != scheduled || rests < 3 {
		t.Errorf("%d CPU profiles, %d pauses asked for, %d snapshots by schedule, %d rests", cpu, pauses, scheduled, rests)
	}
}

func TestProfilesThatFailForceNoCollection(t *testing.T) {
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
			t.Errorf("a collection at %s, and the target refused", r.At)
		}
	}
	if n := b.count(soak.EventProbe); n != 4 { // heap, goroutine, goroutineleak, dump
		t.Errorf("%d failures told, want each kind once", n)
	}
}

func TestAGoroutineLeakProfileThatIsNotServedIsAskedForOnceAndNotTold(t *testing.T) {
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
		t.Errorf("asked %d times, told of %d failures", asked, n)
	}
}

// slow makes profiles that take so long, and remembers when they were begun.
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

func TestNoFetchOutlivesTheRun(t *testing.T) {
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
				time.Sleep(time.Second) // to hang up takes a moment
				return soak.ProfileMeta{}, nil, ctx.Err()
			},
			Recorder: b, Detector: detect.Judge{},
			Status: func(s Status) {
				if s.Ended != "" && under.Load() == 0 {
					t.Error("nothing is being fetched at the end: the test tests nothing")
				}
			},
		})
		if n := under.Load(); ended != soak.EndTargetDead || err != nil || n != 0 {
			t.Errorf("ended %q, %v, with %d fetches under way", ended, err, n)
		}
		cancel()
	})
}

// A target that does not answer when asked for profiles holds up rests and the
// end by one long wait and short ones, and is heard again when it answers.
func TestATargetThatDoesNotAnswerIsNotWaitedForAgainAndAgain(t *testing.T) {
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
	if rests := len(judge.Rests(b.notes)); rests < 6 || waited < 30*time.Second || waited > 30*time.Second+time.Duration(rests)*onceMore {
		t.Errorf("%d rests, waited %v", rests, waited)
	}
	if n := b.count(soak.EventProbe); n != 1 || after < 3 {
		t.Errorf("%d failures told, %d profiles in the end", n, after)
	}
}

// A collection forced under load is not that of the rest which follows.
func TestARestWaitsForItsOwnCollection(t *testing.T) {
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

func TestAnAlertGetsItsProfilesThoughOthersAreUnderWay(t *testing.T) {
	var begun []string
	var under atomic.Int64
	p := testPlan(10 * time.Minute)
	p.Profiles.Every = time.Second // there is always a set under way
	b := newBench()
	b.fds = func(at time.Duration) float64 { return 210 + float64(2*(at/time.Second)) }
	_, err := playWith(t, p, b, nil, func(c *Config) { c.Fetch = slow(&begun, &under, 10*time.Second) })
	if err != nil {
		t.Fatal(err)
	}
	if len(b.alerts) == 0 || !slices.ContainsFunc(b.profiles, func(m soak.ProfileMeta) bool { return m.Why == "alert" }) {
		t.Errorf("%d alerts, and no profiles of them", len(b.alerts))
	}
}
