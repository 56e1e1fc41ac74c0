package probes

import (
	"math"
	"slices"
	"sync"

	dto "github.com/prometheus/client_model/go"

	"soakmon/soak"
)

// golang are the numbers of a Go runtime, under one name wherever they come
// from.
var golang = []soak.Metric{
	{Name: "goroutines", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Goroutines."},
	{Name: "go_heap_live_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Heap that the last garbage collection found live (/gc/heap/live:bytes), or an estimate of it from the collector's next goal."},
	{Name: "go_heap_inuse_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Heap spans in use, dead objects included."},
	{Name: "go_heap_idle_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Heap spans without objects, those given back to the system included."},
	{Name: "go_heap_released_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Heap given back to the system."},
	{Name: "go_stack_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Stack spans in use."},
	{Name: "go_metadata_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Memory of the runtime itself: spans and caches of the allocator, profiling buckets, the collector's metadata, and other."},
	{Name: "go_gc_cycles_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Garbage collections."},
}

// managedHeap is the heap of a runtime that serves its figures on a Prometheus page.
var managedHeap = soak.Metric{Name: "heap_after_gc_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Heap in use at the first reading after the newest garbage collection, as a JVM, .NET or V8 serves it."}

// managedHeaps are the families that serve it, and the label that selects the heap;
// the first that is there counts. Each has a counter of collections.
var managedHeaps = []struct {
	used, label, value string
	collections        []string
}{
	{"jvm_memory_used_bytes", "area", "heap", []string{"jvm_gc_collection_seconds", "jvm_gc_pause_seconds"}},
	{"jvm_memory_bytes_used", "area", "heap", []string{"jvm_gc_collection_seconds"}},
	{"nodejs_heap_size_used_bytes", "", "", []string{"nodejs_gc_duration_seconds"}},
	{"dotnet_total_memory_bytes", "", "", []string{"dotnet_collection_count_total"}},
	{"process_runtime_dotnet_gc_heap_size_bytes", "", "", []string{"process_runtime_dotnet_gc_collections_count_total"}},
}

// heapUse is a reading of a heap.
type heapUse struct {
	used        float64 // garbage included
	collections float64 // NaN: the page does not serve their number
	after       float64 // in use after the newest of them; 0: none was seen
}

func heapUseOf(families map[string]*dto.MetricFamily) (u heapUse, ok bool) {
	for _, h := range managedHeaps {
		f := families[h.used]
		if f == nil {
			continue
		}
		u.used = sumOf(f, h.label, h.value)
		u.collections = math.NaN()
		for _, name := range h.collections {
			if c := families[name]; c != nil {
				u.collections = sumOf(c, "", "")
				break
			}
		}
		return u, true
	}
	return u, false
}

// sumOf adds the series of a family that have the label: of a histogram or summary
// their counts.
func sumOf(f *dto.MetricFamily, label, value string) (sum float64) {
	for _, m := range f.Metric {
		if label != "" && !slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName() == label && l.GetValue() == value }) {
			continue
		}
		switch {
		case m.Gauge != nil:
			sum += m.Gauge.GetValue()
		case m.Counter != nil:
			sum += m.Counter.GetValue()
		case m.Untyped != nil:
			sum += m.Untyped.GetValue()
		case m.Summary != nil:
			sum += float64(m.Summary.GetSampleCount())
		case m.Histogram != nil:
			sum += float64(m.Histogram.GetSampleCount())
		}
	}
	return sum
}

// collected reports whether a collection ended between two readings: the counter
// rose, or, without one, less is in use. The program alone never lowers it.
func (u heapUse) collected(before heapUse) bool {
	if math.IsNaN(u.collections) {
		return u.used < before.used
	}
	return u.collections > before.collections
}

// Numbers that others are derived from; they are not series.
const (
	nextGC    = "next_gc"
	gogc      = "gogc"
	heapAlloc = "heap_alloc"
)

// golangState is what the probes of one process share about its Go runtime.
// The zero value and nil know nothing.
type golangState struct {
	mu    sync.Mutex
	known bool
	bytes float64
}

// metadata is the newest reading of the runtime's own memory.
func (s *golangState) metadata() (bytes float64, ok bool) {
	if s == nil {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes, s.known
}

func (s *golangState) set(metadata float64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes, s.known = metadata, true
}

// minimumHeap is the collector's least heap goal at GOGC=100; it scales with
// GOGC (runtime/mgcpacer.go).
const minimumHeap = 4 << 20

// deriveLive estimates the live heap after the last collection from the goal
// that the collector set itself then: goal = live + (live + stacks)·GOGC/100
// (https://go.dev/doc/gc-guide). Globals are neglected, a constant. At the
// lowest goal it is unknown, because a smaller heap has the same.
func deriveLive(v map[string]float64) (live float64, ok bool) {
	goal, percent := v[nextGC], v[gogc]
	if percent <= 0 || leastGoal(v) || goal >= unlimitedGoal {
		return 0, false
	}
	live = math.Round((goal - v["go_stack_bytes"]*percent/100) * 100 / (100 + percent))
	return max(live, 0), live > 0
}

// leastGoal reports whether the collector has its least goal.
func leastGoal(v map[string]float64) bool {
	return v[gogc] > 0 && v[nextGC] > 0 && v[nextGC] <= minimumHeap*v[gogc]/100
}

// unlimitedGoal is what the runtime shows where the collector is off.
const unlimitedGoal = 1 << 60
