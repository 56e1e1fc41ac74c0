package cause

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
)

// driven is ten minutes of readings, once a second, of a resource and of two loads:
// 200 operations a second each, in sessions of 5, and random dirty sessions.
func driven(grow func(aborts, resets, second float64) float64) (*memory, []soak.Workload) {
	loads := []soak.Workload{
		{Name: "reality", PerSession: 5, Dirty: map[string]float64{"handshake_rst": 0.02}},
		{Name: "tcp", PerSession: 1, Dirty: map[string]float64{"rst": 0.02}},
	}
	random := rand.New(rand.NewPCG(7, 7))
	drawn := func(mean float64) float64 { return distuv.Poisson{Lambda: mean, Src: random}.Rand() }
	m := newMemory()
	put := func(name string, second int, v float64) {
		s := m.series[name]
		s.At, s.Value = append(s.At, time.Duration(second)*time.Second), append(s.Value, v)
		s.Metric.Quantum = 1
		m.series[name] = s
	}
	var aborts, resets float64
	for second := range 600 {
		aborts, resets = aborts+drawn(0.8), resets+drawn(0.4)
		for _, w := range loads {
			label := fmt.Sprintf("{load=%q}", w.Name)
			put("operations_total"+label, second, float64(200*second))
			put("sessions_total"+label, second, float64(40*second))
			put("failed_operations_total"+label, second, 0)
		}
		put(`dirty_sessions_total{kind="handshake_rst",load="reality"}`, second, aborts)
		put(`dirty_sessions_total{kind="rst",load="tcp"}`, second, resets)
		put("fds", second, math.Round(100+grow(aborts, resets, float64(second))+random.NormFloat64()))
	}
	return m, loads
}

var tenMinutes = []soak.Phase{{Name: soak.PhaseWarmup, To: 20 * time.Second}, {Name: soak.PhaseSteady, From: 20 * time.Second, To: 600 * time.Second}}

func ofFDs() Leak {
	return Leak{Process: soak.RoleTarget, Metric: "fds", Unit: "count", Slope: 3600, To: 600 * time.Second, End: 600 * time.Second}
}

func TestGrowsWith_Sentence(t *testing.T) {
	for _, c := range []struct {
		what string
		grow func(aborts, resets, second float64) float64
		says []string
	}{
		{"one kind", func(a, _, _ float64) float64 { return a },
			[]string{"grows only with aborted handshakes (dirty handshake_rst of load reality): ", " fd each (95 % 0.9", " … 1.0"}},
		{"two kinds", func(a, r, _ float64) float64 { return a + 2*r },
			[]string{"grows with aborted handshakes", "and with connections that are reset (dirty rst of load tcp): ", "not with time"}},
		{"constant rates", func(_, _, s float64) float64 { return s },
			[]string{"grows with one of time, operations of load reality, new sessions of load reality, operations of load tcp, which rose in step and cannot be distinguished", "--vary 30%", "--isolate", "not with aborted handshakes"}},
	} {
		m, loads := driven(c.grow)
		w := GrowsWith(m, ofFDs(), loads, tenMinutes)
		if w == nil {
			t.Fatalf("%s: no result", c.what)
		}
		for _, want := range c.says {
			if !strings.Contains(w.Sentence, want) {
				t.Errorf("%s: %q is not in %q", c.what, want, w.Sentence)
			}
		}
	}
}

// A session of 3 s holds its descriptor from its start, and is counted at its end.
func TestGrowsWith_DirtySessionsFromStart(t *testing.T) {
	m, loads := driven(func(a, _, _ float64) float64 { return a })
	loads[0].Dirty = map[string]float64{"silent": 0.02}
	begun := m.series[`dirty_sessions_total{kind="handshake_rst",load="reality"}`]
	done, open := begun, begun
	done.Value, open.Value = slices.Clone(begun.Value), slices.Clone(begun.Value)
	for i := range begun.Value {
		done.Value[i] = begun.Value[max(i-3, 0)]
		open.Value[i] -= done.Value[i]
	}
	m.series[`dirty_sessions_total{kind="silent",load="reality"}`], m.series[`open_dirty_sessions{kind="silent",load="reality"}`] = done, open
	l := ofFDs()
	l.To = 150 * time.Second // in blocks of three seconds and a bit
	w := GrowsWith(m, l, loads, tenMinutes)
	if w == nil || len(w.Named) != 1 || w.Named[0].Dirty != "silent" || w.Named[0].Lo > 1 || w.Named[0].Hi < 1 {
		t.Errorf("%+v", w)
	}
}

// On a busy machine a tally waits up to six seconds for its row.
func TestGrowsWith_AgeOfTallies(t *testing.T) {
	m, loads := driven(func(a, _, _ float64) float64 { return a })
	random := rand.New(rand.NewPCG(3, 3))
	ages := soak.Series{}
	now := 0
	for i, at := range m.series["fds"].At {
		now = min(random.IntN(7), now+1, i) // tallies stay in order
		ages.At, ages.Value = append(ages.At, at), append(ages.Value, float64(now))
	}
	for name, s := range m.series {
		if name != "fds" {
			was := slices.Clone(s.Value)
			for i := range s.Value {
				s.Value[i] = was[i-int(ages.Value[i])]
			}
		}
	}
	l := ofFDs()
	l.To = 150 * time.Second
	for _, known := range []bool{false, true} {
		if known {
			m.series["tally_age_seconds"] = ages
		}
		w := GrowsWith(m, l, loads, tenMinutes)
		if right := w != nil && len(w.Named) == 1 && w.Named[0].Dirty == "handshake_rst" && w.Named[0].Lo < 1 && w.Named[0].Hi > 1; right != known {
			t.Errorf("with known ages %v: %+v", known, w)
		}
	}
}

func TestGrowsWith_OperationsAndSessionsInStep(t *testing.T) {
	m, loads := driven(func(_, _, s float64) float64 { return s })
	// The rate of one load goes up and down; the other's does not.
	ops, sessions, fds := m.series[`operations_total{load="reality"}`], m.series[`sessions_total{load="reality"}`], m.series["fds"]
	done := 0.0
	var phases []soak.Phase
	for i := range ops.Value {
		factor := 1.4
		if i/60%2 == 1 {
			factor = 0.6
		}
		if i%60 == 0 {
			phases = append(phases, soak.Phase{Name: soak.PhaseSteady, From: time.Duration(i) * time.Second, To: time.Duration(i+60) * time.Second, Rate: factor})
		}
		ops.Value[i], sessions.Value[i], fds.Value[i] = done, math.Floor(done/5), math.Round(100+done/5)
		done += 200 * factor
	}
	w := GrowsWith(m, ofFDs(), loads, phases)
	for _, want := range []string{"grows with operations of load reality: 0.20 fd each", "or with new sessions of load reality: 1.00 fd each", "these rise in step; not with time"} {
		if w == nil || !strings.Contains(w.Sentence, want) {
			t.Fatalf("%q is not in %+v", want, w)
		}
	}
}

// Rests distinguish time from what the load does even at a constant rate.
func TestGrowsWith_AtRest(t *testing.T) {
	var phases []soak.Phase
	for second := 0; second < 600; second += 100 {
		at := time.Duration(second) * time.Second
		phases = append(phases, soak.Phase{Name: soak.PhaseSteady, From: at, To: at + 80*time.Second}, soak.Phase{Name: soak.PhaseRest, From: at + 80*time.Second, To: at + 100*time.Second})
	}
	for want, grow := range map[AtRest]func(second int) float64{
		Continues: func(s int) float64 { return float64(s) },
		Ends:      func(s int) float64 { return float64(s/100*80 + min(s%100, 80)) },
	} {
		m, loads := driven(func(_, _, s float64) float64 { return grow(int(s)) })
		for _, w := range loads {
			for _, family := range []string{"operations_total", "sessions_total"} {
				s := m.series[fmt.Sprintf("%s{load=%q}", family, w.Name)]
				for second := range s.Value {
					s.Value[second] = 200 * float64(second/100*80+min(second%100, 80))
				}
			}
		}
		w := GrowsWith(m, ofFDs(), loads, phases)
		if w == nil || w.AtRest != want || (w.Follows() == soak.FollowsTime) != (want == Continues) || !strings.Contains(w.Sentence, "at rest, ") {
			t.Errorf("%s: %+v", want, w)
		}
		if want == Ends && !strings.Contains(w.Sentence, "not with time") {
			t.Errorf("growth ends at rest, and %q", w.Sentence)
		}
	}
	l := ofFDs()
	l.Slope = 10 // in two minutes of rest less than a descriptor
	m, loads := driven(func(_, _, s float64) float64 { return s / 360 })
	if w := GrowsWith(m, l, loads, phases); w != nil && w.AtRest != "" {
		t.Errorf("%+v", w)
	}
}

func TestGrowsWith_WithoutLoad(t *testing.T) {
	m, _ := driven(func(_, _, s float64) float64 { return s })
	if w := GrowsWith(m, ofFDs(), nil, tenMinutes); w != nil {
		t.Errorf("%+v", w)
	}
}

// Two loads take turns, so the sum of their operations is as steady as time.
func TestGrowsWith_LoadsInTurns(t *testing.T) {
	m, loads := driven(func(_, _, s float64) float64 { return s })
	var done [2]float64
	for second := range 600 {
		done[second/20%2] += 400
		for i, w := range loads {
			s := m.series[fmt.Sprintf("operations_total{load=%q}", w.Name)]
			s.Value[second] = done[i]
		}
		all := m.series["operations_total"]
		all.At, all.Value = append(all.At, time.Duration(second)*time.Second), append(all.Value, done[0]+done[1])
		m.series["operations_total"] = all
	}
	w := GrowsWith(m, ofFDs(), loads, tenMinutes)
	if w == nil || !strings.Contains(w.Sentence, "time") || !strings.Contains(w.Sentence, "operations of all loads") || strings.Contains(w.Sentence, "only") {
		t.Errorf("%+v", w)
	}
}
