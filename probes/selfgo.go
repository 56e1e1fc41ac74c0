package probes

import (
	"context"
	"os"
	"runtime"
	"runtime/metrics"

	"soakmon/soak"
)

func init() {
	register(spec{name: "selfgo", class: fast, metrics: golang, open: func(e *env) Probe {
		if e.process.PID != os.Getpid() {
			return nil
		}
		return newSelfgo()
	}})
}

// selfgo reads the runtime of this very process (package runtime/metrics).
type selfgo struct {
	values  []metrics.Sample
	samples []soak.Sample
}

// selfNames are what selfgo reads; a series is the sum of its names.
var selfNames = []struct{ series, name string }{
	{"go_heap_live_bytes", "/gc/heap/live:bytes"},
	{"go_heap_inuse_bytes", "/memory/classes/heap/objects:bytes"},
	{"go_heap_inuse_bytes", "/memory/classes/heap/unused:bytes"},
	{"go_heap_idle_bytes", "/memory/classes/heap/free:bytes"},
	{"go_heap_idle_bytes", "/memory/classes/heap/released:bytes"},
	{"go_heap_released_bytes", "/memory/classes/heap/released:bytes"},
	{"go_stack_bytes", "/memory/classes/heap/stacks:bytes"},
	{"go_gc_cycles_total", "/gc/cycles/total:gc-cycles"},
}

func newSelfgo() *selfgo {
	s := &selfgo{}
	for _, n := range selfNames {
		s.values = append(s.values, metrics.Sample{Name: n.name})
	}
	return s
}

func (s *selfgo) Metrics() []soak.Metric { return golang }

func (s *selfgo) Close() error { return nil }

func (s *selfgo) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	metrics.Read(s.values)
	// Not /sched/goroutines:goroutines, which counts the runtime's own as well.
	s.samples = append(s.samples[:0], p.Sample("goroutines", float64(runtime.NumGoroutine())))
	for i, n := range selfNames {
		v := float64(s.values[i].Value.Uint64())
		if last := len(s.samples) - 1; s.samples[last].Metric == n.series {
			s.samples[last].Value += v
			continue
		}
		s.samples = append(s.samples, p.Sample(n.series, v))
	}
	return s.samples, nil
}
