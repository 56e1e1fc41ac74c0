package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// scheduled plays a run whose sets of profiles each cost the target cpu seconds. It
// returns the number of scheduled sets and the notes about their schedule.
func scheduled(t *testing.T, duration, every time.Duration, cpu float64) (sets int, said []string) {
	t.Helper()
	b, p := newBench(), testPlan(duration)
	p.Profiles.Every = every
	_, err := playWith(t, p, b, nil, func(c *Config) {
		c.Fetch = func(_ context.Context, _ soak.Process, kind string, o profiles.Options) (soak.ProfileMeta, []byte, error) {
			m := soak.ProfileMeta{Kind: kind, GC: o.GC}
			if kind == "heap" {
				m.CPU = soak.Float(cpu)
			}
			return m, []byte("x"), nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range b.notes {
		switch {
		case e.Kind == soak.EventSnapshot && e.Name == string(soak.ProfileSchedule):
			sets++
		case e.Kind == soak.EventNote && strings.Contains(e.Text, "profiles are taken every"):
			said = append(said, e.Text)
		}
	}
	return sets, said
}

func TestPace_PostponesExpensiveProfiles(t *testing.T) {
	for _, c := range []struct {
		what            string
		duration, every time.Duration
		cpu             float64
		least, most     int
		said            string
	}{
		{"cheap ones come as planned", time.Hour, 2 * time.Minute, 0.5, 29, 31, ""},
		{"1 s of CPU at most every 200 s", time.Hour, 2 * time.Minute, 1, 17, 19, "profiles are taken every 3m20s instead of every 2m0s: one set costs the target 1 s of CPU time, and the limit is 0.5 % of a core"},
		{"there are always at least a dozen", time.Hour, 2 * time.Minute, 60, 12, 13, "every 5m0s instead of every 2m0s"},
		{"a short run needs them all", 10 * time.Minute, 20 * time.Second, 1, 29, 31, ""},
	} {
		sets, said := scheduled(t, c.duration, c.every, c.cpu)
		if sets < c.least || sets > c.most {
			t.Errorf("%s: %d sets, want %d to %d", c.what, sets, c.least, c.most)
		}
		if (c.said == "") != (len(said) == 0) || len(said) > 1 || len(said) == 1 && !strings.Contains(said[0], c.said) {
			t.Errorf("%s: said %q", c.what, said)
		}
	}
}
