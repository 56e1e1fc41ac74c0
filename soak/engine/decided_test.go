package engine

import (
	"fmt"
	"math"
	"testing"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// loadOf is how long the load of a run lasted, from the phases.
func loadOf(b *bench) time.Duration {
	var from time.Duration
	for _, e := range b.notes {
		switch {
		case e.Kind == soak.EventPhase && e.Name == string(soak.PhaseWarmup) && from == 0:
			from = e.At
		case e.Kind == soak.EventDecided || e.Kind == soak.EventPhase && e.Name == string(soak.PhaseDrain):
			return e.At - from
		}
	}
	return 0
}

func TestRun_UntilDecided(t *testing.T) {
	steady := func(time.Duration) float64 { return 210 }
	for _, c := range []struct {
		name     string
		fds      func(at time.Duration) float64
		detector judge.Detector
		until    bool
		ended    soak.End
		from, to time.Duration // of the load
		alerts   int
	}{
		{"clean and quiet", steady, detect.Judge{}, true, soak.EndDecided, 30 * time.Minute, 40 * time.Minute, 0},
		{"a leak and a clean series", func(at time.Duration) float64 { return 210 + math.Floor(at.Seconds()/2) }, detect.Judge{}, true, soak.EndDecided, 34 * time.Minute, 45 * time.Minute, 1},
		{"not asked for", steady, detect.Judge{}, false, soak.EndFinished, time.Hour, 62 * time.Minute, 0},
		{"one undecided series", steady, of(soak.RoleTarget, "fds", always(soak.Inconclusive)), true, soak.EndFinished, time.Hour, 62 * time.Minute, 0},
		{"a series that the end leaves undecided", steady, of(soak.RoleTarget, "fds", func(q soak.Question) soak.State {
			if q.Final {
				return soak.Inconclusive
			}
			return soak.Clean
		}), true, soak.EndFinished, time.Hour, 62 * time.Minute, 0},
		{"soak's own undecided series", steady, of(soak.RoleMonitor, "fds", always(soak.Inconclusive)), true, soak.EndDecided, 10 * time.Minute, 12 * time.Minute, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testPlan(time.Hour)
			p.UntilDecided, p.Rest.Every, p.Profiles.Every = c.until, 10*time.Minute, 0
			b := newBench()
			b.fds = c.fds
			ended, err := playWith(t, p, b, nil, func(config *Config) { config.Detector = c.detector })
			if lasted := loadOf(b); err != nil || ended != c.ended || lasted < c.from || lasted > c.to {
				t.Errorf("%v, ended %q after %v of load, want %q after %v to %v", err, ended, lasted, c.ended, c.from, c.to)
			}
			if len(b.alerts) != c.alerts {
				t.Errorf("alerts %+v", b.alerts)
			}
			if n := b.count(soak.EventDecided); n != map[soak.End]int{soak.EndDecided: 1}[c.ended] {
				t.Errorf("%d events of the decision", n)
			}
			rests := 0
			for _, r := range judge.Rests(b.notes) {
				if r.At > 10*time.Minute {
					rests++
				}
			}
			if rests < 2 {
				t.Errorf("%d readings at rest after the first stretch of load: %s", rests, fmt.Sprint(b.phases()))
			}
		})
	}
}

// A watch has no rests to wait for, and ends at once.
func TestRun_WatchUntilDecided(t *testing.T) {
	p := testPlan(20 * time.Minute)
	p.UntilDecided, p.Load = true, nil
	b := newBench()
	ended, err := playWith(t, p, b, nil, func(c *Config) { c.Driver, c.Detector = nil, detect.Judge{} })
	if end := b.notes[len(b.notes)-1].At; err != nil || ended != soak.EndDecided || end < 10*time.Minute || end > 15*time.Minute {
		t.Errorf("%v, ended %q after %v", err, ended, end)
	}
}
