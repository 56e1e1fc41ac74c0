package probes

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
)

// scripted is a probe that follows a script.
type scripted struct {
	cost   time.Duration // of each read, unless the context ends it
	deaf   chan struct{} // not nil: the read ends when it is closed, whatever the context says
	err    error
	reads  int
	closed bool
}

func (s *scripted) Metrics() []soak.Metric {
	return []soak.Metric{{Name: "x", Unit: "count", Kind: soak.Gauge, Quantum: 1}}
}

func (s *scripted) Close() error { s.closed = true; return nil }

func (s *scripted) Read(ctx context.Context, p soak.Process) ([]soak.Sample, error) {
	s.reads++
	if s.deaf != nil {
		<-s.deaf
	} else if s.cost > 0 {
		select {
		case <-time.After(s.cost):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	return []soak.Sample{p.Sample("x", float64(s.reads))}, nil
}

func newScriptedSet(c class, every time.Duration, p Probe) *Set {
	s := &Set{process: soak.Process{Role: soak.RoleTarget}, wall: time.Now()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.runners = []*runner{{spec: spec{name: "scripted", class: c, every: every, remote: true}, probe: p, process: s.process, share: 0.002}}
	return s
}

// ticks makes n ticks a second apart and gathers what they bring.
func ticks(s *Set, n int) (samples []soak.Sample, events []soak.Event) {
	for range n {
		got, told := s.Tick(context.Background(), time.Since(s.wall))
		samples, events = append(samples, got...), append(events, told...)
		<-time.After(time.Second)
		synctest.Wait()
	}
	return samples, events
}

func gaps(samples []soak.Sample) (n int) {
	for _, s := range samples {
		if math.IsNaN(s.Value) {
			n++
		}
	}
	return n
}

func TestTick_FastProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &scripted{}
		s := newScriptedSet(fast, 0, p)
		samples, events := ticks(s, 1000)
		if len(samples) != 1000 || len(events) != 0 {
			t.Errorf("%d samples, %d events", len(samples), len(events))
		}
		s.Close()
		if !p.closed {
			t.Error("the probe is not closed")
		}
	})
}

func TestTick_SlowProbeShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &scripted{cost: 70 * time.Millisecond}
		s := newScriptedSet(slow, 10*time.Second, p)
		start := time.Now()
		samples, _ := ticks(s, 7200)
		if took := time.Since(start); took != 7200*time.Second {
			t.Errorf("7200 ticks took %v", took)
		}
		if share := float64(p.reads) * p.cost.Seconds() / 7200; share > 0.00205 || share < 0.0018 {
			t.Errorf("%d reads take %.3f %% of a core", p.reads, share*100)
		}
		if len(samples) < p.reads-1 {
			t.Errorf("%d samples of %d reads", len(samples), p.reads)
		}
		s.Close()
	})
}

func TestTick_CheapSlowProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for every, want := range map[time.Duration]int{0: 100, time.Second: 100, 10 * time.Second: 10} {
			p := &scripted{cost: time.Microsecond}
			s := newScriptedSet(slow, every, p)
			ticks(s, 100)
			if p.reads != want {
				t.Errorf("every %v: %d reads in 100 ticks, want %d", every, p.reads, want)
			}
			s.Close()
		}
	})
}

func TestTick_FailureAndRecovery(t *testing.T) {
	for _, c := range []class{fast, slow} {
		synctest.Test(t, func(t *testing.T) {
			p := &scripted{}
			s := newScriptedSet(c, 0, p)
			ticks(s, 10)
			p.err = errors.New("disk on fire")
			samples, events := ticks(s, 300)
			if n := gaps(samples); n < 298 {
				t.Errorf("class %d: %d gaps in 300 ticks of failure", c, n)
			}
			if len(events) != 1 || events[0].Kind != soak.EventProbe || events[0].Name != "scripted" || !strings.Contains(events[0].Text, "disk on fire") {
				t.Errorf("class %d: events %+v", c, events)
			}
			if p.reads > 10+15 {
				t.Errorf("class %d: a failing probe was read %d times in 300 s", c, p.reads-10)
			}
			p.err = nil
			samples, events = ticks(s, 120)
			if len(events) != 1 || events[0].Text != "probe scripted works again" || len(samples)-gaps(samples) < 59 {
				t.Errorf("class %d: after it: %d samples, %d gaps, events %+v", c, len(samples), gaps(samples), events)
			}
			s.Close()
		})
	}
}

func TestTick_HangingProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &scripted{}
		s := newScriptedSet(slow, 0, p)
		ticks(s, 5)
		p.deaf = make(chan struct{})
		start := time.Now()
		samples, events := ticks(s, 60)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("60 ticks took %v", took)
		}
		if gaps(samples) < 50 || len(events) != 1 {
			t.Errorf("%d gaps, events %+v", gaps(samples), events)
		}
		start = time.Now()
		if samples, _ := s.ReadAll(t.Context()); gaps(samples) != 1 || time.Since(start) > 2*patience {
			t.Errorf("sample at rest: %v after %v", samples, time.Since(start))
		}
		close(p.deaf)
		p.deaf = nil
		synctest.Wait()
		if _, events := ticks(s, 70); len(events) != 1 || events[0].Text != "probe scripted works again" {
			t.Errorf("events %+v", events)
		}
		s.Close()
	})
}

func TestReadAll_ReadInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &scripted{cost: 2 * time.Second}
		s := newScriptedSet(slow, 0, p)
		s.Tick(t.Context(), 0) // starts the first read
		samples, events := s.ReadAll(t.Context())
		if len(samples) != 1 || samples[0].Value != 2 || len(events) != 0 {
			t.Errorf("samples %v, events %v", samples, events)
		}
		s.Close()
	})
}

func TestTick_GoneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &scripted{}
		s := newScriptedSet(fast, 0, p)
		ticks(s, 3)
		p.err = ErrGone
		samples, events := ticks(s, 50)
		if !s.Gone() || gaps(samples) != 50 || len(events) != 1 || events[0].Name != "process" {
			t.Errorf("gone %v, %d gaps, events %+v", s.Gone(), gaps(samples), events)
		}
		if p.reads != 4 {
			t.Errorf("read %d times after the end", p.reads-4)
		}
		s.Close()
	})
}

func TestTick_ProcessEndsDuringRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &scripted{}
		s := newScriptedSet(fast, 0, &scripted{})
		s.runners = append(s.runners, &runner{spec: spec{name: "second", class: fast}, probe: p, process: s.process})
		ticks(s, 3)
		p.err = ErrGone
		samples, _ := s.Tick(t.Context(), 0)
		if len(samples) != 2 || gaps(samples) != 2 {
			t.Errorf("%+v", samples)
		}
		s.Close()
	})
}

func TestRegister_DuplicatePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	register(spec{name: registry[0].name})
}
