package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/judge"
)

func loadsNamed(names string) (all []soak.Workload) {
	for name := range strings.SplitSeq(names, "") {
		all = append(all, soak.Workload{Name: name, Protocol: "tcp", Rate: 100, Concurrency: 2, PerSession: 1})
	}
	return all
}

func TestTurns_EvenAndAlternating(t *testing.T) {
	for _, c := range []struct {
		loads    string
		from, to time.Duration
		order    string
	}{
		{"ab", 0, time.Minute, "abba"},
		{"abc", 20 * time.Second, 80 * time.Second, "abccba"},
		{"abc", 0, 3 * 60 * 5 * time.Second, "abccbaabccba"},
		{"ab", 0, 24 * time.Hour, strings.Repeat("abba", 10)},
	} {
		var order strings.Builder
		ran, middle := map[string]time.Duration{}, map[string]time.Duration{}
		all := turns(loadsNamed(c.loads), c.from, c.to)
		for i, at := range all {
			end := c.to
			if i+1 < len(all) {
				end = all[i+1].from
			}
			order.WriteString(at.load)
			ran[at.load] += end - at.from
			middle[at.load] += (at.from + end) / 2
		}
		if order.String() != c.order || all[0].from != c.from {
			t.Errorf("%s from %v to %v: %q from %v, want %q", c.loads, c.from, c.to, order.String(), all[0].from, c.order)
		}
		for _, w := range loadsNamed(c.loads) {
			share := (c.to - c.from) / time.Duration(len(c.loads))
			if d := ran[w.Name] - share; d.Abs() > time.Microsecond {
				t.Errorf("%s: load %s runs for %v, want %v", c.order, w.Name, ran[w.Name], share)
			}
			if d := middle[w.Name] - middle["a"]; d.Abs() > time.Microsecond {
				t.Errorf("%s: load %s runs later than a, by %v in all", c.order, w.Name, d)
			}
		}
	}
}

// After the warm-up exactly one load runs at a time, and a report computes the same
// planned time from the events.
func TestTakeTurns_OneLoadAtATime(t *testing.T) {
	p := testPlan(2 * time.Minute)
	p.Warmup, p.Isolate, p.Load = 20*time.Second, true, loadsNamed("ab")
	b := newBench()
	play(t, p, b, nil)
	var sent []string
	running := map[string]bool{"a": true, "b": true}
	for _, c := range b.sent {
		if c.Do != soak.DoRate {
			continue
		}
		sent = append(sent, fmt.Sprint(c.Load, c.Factor))
		if running[c.Load] = c.Factor > 0; c.Factor > 0 && running["a"] && running["b"] {
			t.Errorf("after %v both loads run", sent)
		}
	}
	if want := []string{"b0", "a0", "b1", "b0", "a1"}; !slices.Equal(sent, want) {
		t.Errorf("sent %v, want %v", sent, want)
	}
	end := b.notes[len(b.notes)-1].At
	for _, w := range p.Load {
		planned := 0.0
		for _, phase := range judge.Phases([]soak.Workload{w}, b.notes, end) {
			planned += phase.Rate * (phase.To - phase.From).Seconds()
		}
		if planned < 68 || planned > 72 {
			t.Errorf("load %s is planned for %.1f s, want 20 s of warm-up and half of 100 s", w.Name, planned)
		}
	}
}
