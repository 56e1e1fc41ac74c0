package judge

import (
	"slices"
	"testing"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

// TestReadings_HeapBetweenCollections are the first after each collection: of raw
// and of reduced series, and where only the values show the collections.
func TestReadings_HeapBetweenCollections(t *testing.T) {
	cycle := func(i int) float64 { return float64(3 + i/10) }
	for _, c := range []struct {
		name   string
		heap   string
		reduce bool
		value  func(i int) float64
		cycles bool
		want   []time.Duration
	}{
		{"raw", "go_heap_live_bytes", false, flat(mib), true, []time.Duration{5, 10, 20, 30}},
		{"reduced", "go_heap_live_bytes", true, flat(mib), true, []time.Duration{5, 10, 20, 30}},
		{"without a counter", "heap_after_gc_bytes", false, cycle, false, []time.Duration{5, 10, 20, 30}},
		{"other memory", "native_bytes", false, flat(mib), true, []time.Duration{5, 6, 7, 8, 9, 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			heap, counter := every(c.heap, 5, 40, c.value), every("go_gc_cycles_total", 5, 40, cycle)
			if c.reduce {
				heap, counter = detect.Reduce(heap), detect.Reduce(counter)
			}
			h := memory{heap.ID: heap}
			if c.cycles {
				h[counter.ID] = counter
			}
			a := asker{history: h, names: h.Names()}
			got := a.readings(heap).At
			got = got[:min(len(got), 6)]
			for i := range c.want {
				c.want[i] *= time.Second
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("readings at %v, want %v", got, c.want)
			}
		})
	}
}

// TestAll_HeapHeldBetweenCollections is not clean after few collections, however often
// their results were read, and a leak in a heap that rises at each of many.
func TestAll_HeapHeldBetweenCollections(t *testing.T) {
	for _, c := range []struct {
		name  string
		every int // seconds between collections
		rise  float64
		want  soak.State
	}{
		{"few, flat", 100, 0, soak.Inconclusive},
		{"few, rising", 100, mib, soak.Inconclusive},
		{"some, rising", 40, mib, soak.Leaking},
		{"many, flat", 2, 0, soak.Clean},
		{"many, rising", 2, mib, soak.Leaking},
	} {
		t.Run(c.name, func(t *testing.T) {
			cycle := func(i int) float64 { return float64(i / c.every) }
			heap := bytes("go_heap_live_bytes", func(i int) float64 {
				n := i / c.every
				return 50*mib + jitter(n) + c.rise*float64(n)
			})
			if v := verdicts(t, steadyRun, heap, every("go_gc_cycles_total", 0, 700, cycle))["go_heap_live_bytes"].Verdict; v.State != c.want {
				t.Errorf("%s (%s), want %s", v.State, v.Reason, c.want)
			}
		})
	}
}
