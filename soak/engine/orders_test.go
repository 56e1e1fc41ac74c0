package engine

import (
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// step is an order and the time since the previous one.
type step struct {
	after time.Duration
	order soak.Order
}

func give(steps []step) func(chan<- soak.Order) {
	return func(orders chan<- soak.Order) {
		for _, s := range steps {
			time.Sleep(s.after)
			orders <- s.order
		}
	}
}

// With the bench, a rest lasts about 9 s and the baseline 6 s.
func TestTakeOrder_InEveryPhase(t *testing.T) {
	const m, s = time.Minute, time.Second
	for _, c := range []struct {
		what  string
		steps []step
		want  string
	}{
		{"a pause in the baseline begins with the load", []step{{2 * s, soak.OrderPause}, {m, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup paused warmup steady rest drain"},
		{"a pause and a resume in the baseline have no effect", []step{{2 * s, soak.OrderPause}, {s, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup steady rest drain"},
		{"a pause in the warm-up", []step{{10 * s, soak.OrderPause}, {10 * s, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup paused warmup steady rest drain"},
		{"two pauses are one", []step{{m, soak.OrderPause}, {s, soak.OrderPause}, {m, soak.OrderResume}, {s, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup steady paused warmup steady rest drain"},
		{"a pause at rest begins after it", []step{{m, soak.OrderRest}, {3 * s, soak.OrderPause}, {m, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup steady rest paused warmup steady rest drain"},
		{"a rest in a pause goes back to it", []step{{m, soak.OrderPause}, {10 * s, soak.OrderRest}, {m, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup steady paused rest paused warmup steady rest drain"},
		{"a resume in the rest of a pause", []step{{m, soak.OrderPause}, {10 * s, soak.OrderRest}, {s, soak.OrderResume}, {m, soak.OrderStop}},
			"baseline warmup steady paused rest warmup steady rest drain"},
		{"two rests at once are one", []step{{m, soak.OrderRest}, {s, soak.OrderRest}, {m, soak.OrderStop}},
			"baseline warmup steady rest warmup steady rest drain"},
		{"a stop in a pause", []step{{m, soak.OrderPause}, {10 * s, soak.OrderStop}}, "baseline warmup steady paused rest drain"},
		{"a stop at rest drains after it", []step{{m, soak.OrderRest}, {3 * s, soak.OrderStop}}, "baseline warmup steady rest drain"},
		{"orders in the drain change nothing", []step{{m, soak.OrderStop}, {11 * s, soak.OrderPause}, {100 * time.Millisecond, soak.OrderResume}, {100 * time.Millisecond, soak.OrderRest}},
			"baseline warmup steady rest drain"},
		{"a resume of a running load changes nothing", []step{{m, soak.OrderResume}, {10 * s, soak.OrderStop}}, "baseline warmup steady rest drain"},
	} {
		b := newBench()
		if ended := play(t, testPlan(time.Hour), b, give(c.steps)); ended != soak.EndStopped {
			t.Errorf("%s: ended %q", c.what, ended)
		}
		if got := b.phases(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got, c.want)
		}
	}
}

// If the load pauses during the warm-up, the remaining warm-up follows the pause.
func TestRun_WarmupCountsLoadTime(t *testing.T) {
	b := newBench()
	play(t, testPlan(time.Hour), b, give([]step{{2 * time.Second, soak.OrderPause}, {10 * time.Minute, soak.OrderResume}, {time.Minute, soak.OrderStop}}))
	warm := judge.Time(judge.Phases(nil, b.notes, time.Hour), soak.PhaseWarmup)
	if warm < 20*time.Second || warm > 22*time.Second {
		t.Errorf("%s of warm-up, want 20 s as planned", warm)
	}
}

func TestRun_PlannedEndDuringRest(t *testing.T) {
	b := newBench()
	play(t, testPlan(2*time.Minute), b, give([]step{{2 * time.Minute, soak.OrderRest}}))
	if got, want := b.phases(), "baseline warmup steady rest drain"; got != want {
		t.Errorf("phases %q, want %q", got, want)
	}
}

func TestVary_SkipsStepsDuringPause(t *testing.T) {
	p := testPlan(30 * time.Minute)
	p.Load[0].Vary = soak.Vary{By: 0.3, Every: time.Minute}
	b := newBench()
	play(t, p, b, give([]step{{90 * time.Second, soak.OrderPause}, {20 * time.Minute, soak.OrderResume}}))
	last := time.Duration(0)
	for _, e := range b.notes {
		if e.Kind != soak.EventRate {
			continue
		}
		if last > 0 && e.At-last < 50*time.Second {
			t.Errorf("a step at %s and the next at %s, want one a minute as planned", last, e.At)
		}
		last = e.At
	}
	if last == 0 {
		t.Error("the rate never varied")
	}
}

func TestStatus_VariedRate(t *testing.T) {
	p := testPlan(5 * time.Minute)
	p.Load[0].Vary = soak.Vary{By: 0.3, Every: time.Minute}
	var planned []string
	_, err := playWith(t, p, newBench(), nil, func(c *Config) {
		c.Status = func(s Status) {
			for rate, text := range map[float64]string{200: "planned", 260: "up", 140: "down"} {
				if s.Load[0].Planned == rate && (len(planned) == 0 || planned[len(planned)-1] != text) {
					planned = append(planned, text)
				}
			}
		}
	})
	if got := strings.Join(planned, " "); err != nil || got != "planned up down up down" {
		t.Errorf("rates shown: %s, %v", got, err)
	}
}
