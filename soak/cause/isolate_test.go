package cause

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

// turned is a run of twelve minutes in which three loads take turns of a minute.
func turned(grow func(load, second int) float64) (*memory, []soak.Workload, []soak.Phase) {
	m := newMemory()
	var loads []soak.Workload
	for _, name := range []string{"a", "b", "c"} {
		loads = append(loads, soak.Workload{Name: name, Rate: 100})
	}
	var phases []soak.Phase
	put := func(name string, second int, v float64) {
		s := m.series[name]
		s.At, s.Value = append(s.At, time.Duration(second)*time.Second), append(s.Value, v)
		s.Metric.Quantum = 1
		m.series[name] = s
	}
	var done [3]float64
	level := 500.0
	for second := range 720 {
		alone := second / 60 % 3
		if second%60 == 0 {
			phases = append(phases, soak.Phase{Name: soak.PhaseSteady, From: time.Duration(second) * time.Second, To: time.Duration(second+60) * time.Second})
		}
		done[alone] += 100
		level += grow(alone, second)
		put("fds", second, float64(int(level+float64(second%3))))
		for i, w := range loads {
			put(fmt.Sprintf("planned_operations_total{load=%q}", w.Name), second, done[i]+float64(second%3)) // read a little early or late
			put(fmt.Sprintf("operations_total{load=%q}", w.Name), second, done[i]+float64(second%3))
		}
	}
	return m, loads, phases
}

func TestIsolate_Sentence(t *testing.T) {
	noise := func(second int) float64 { return float64(second*second%7-3) / 2 }
	l := Leak{Process: soak.RoleTarget, Metric: "fds", Unit: "count", To: 720 * time.Second, End: 720 * time.Second}
	for want, grow := range map[string]func(load, second int) float64{
		"fds grow only while b runs":      func(load, second int) float64 { return []float64{0, 0.5, 0}[load] },
		"fds grow only while a and c run": func(load, second int) float64 { return []float64{0.5, 0, 1}[load] },
		"fds grow with every load alone":  func(load, second int) float64 { return 0.5 },
		"fds do not grow significantly while any one load runs alone, so the leaking load is unknown": func(_, second int) float64 { return noise(second) },
	} {
		m, loads, phases := turned(grow)
		i := Isolate(m, l, loads, phases)
		if i == nil || i.Sentence != want || len(i.Loads) != 3 {
			t.Errorf("%+v, want %q", i, want)
			continue
		}
		if line := i.Lines()[1]; strings.Contains(want, "only while b") && !strings.HasPrefix(line, "b: +18") {
			t.Error(line)
		}
	}
	m, loads, phases := turned(func(int, int) float64 { return 1 })
	delete(m.series, `planned_operations_total{load="b"}`)
	if i := Isolate(m, l, loads, phases); i != nil {
		t.Errorf("without the planned operations of a load: %+v", i)
	}
}
