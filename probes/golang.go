package probes

import (
	"math"
	"sync"

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
