package cause

import (
	"testing"

	"soakmon/soak"
)

func TestSplitMemory_GoProgram(t *testing.T) {
	m := newMemory()
	mib := func(from, perMinute float64) func(int) float64 {
		return func(i int) float64 { return (from + perMinute*float64(i)) * (1 << 20) }
	}
	for name, value := range map[string]func(int) float64{
		"rss_bytes": mib(100, 1), "rss_anon_bytes": mib(80, 1), "rss_file_bytes": mib(20, 0), "rss_shmem_bytes": mib(0, 0), "swap_bytes": mib(3, 0),
		"go_heap_live_bytes": mib(10, 0), "go_heap_inuse_bytes": mib(15, 0), "go_heap_idle_bytes": mib(30, 0), "go_heap_released_bytes": mib(20, 0), "go_stack_bytes": mib(2, 0), "go_metadata_bytes": mib(3, 0),
	} {
		m.add(name, value)
	}
	s := SplitMemory(m, 0, minutes(length))
	const from, to = 6, 55 // medians of the first and the last twelve minutes
	for name, want := range map[string][2]float64{
		"rss": {100 + from, 100 + to}, "live_heap": {10, 10}, "dead_heap": {5, 5}, "free_spans": {10, 10}, "stacks": {2, 2}, "metadata": {3, 3},
		"native": {50 + from, 50 + to}, "file": {20, 20}, "swap": {3, 3},
	} {
		p, ok := s.Part(name)
		if !ok || float64(p.Early) != want[0]*(1<<20) || float64(p.Late) != want[1]*(1<<20) || p.Change != p.Late-p.Early {
			t.Errorf("%s: %+v, want %v", name, p, want)
		}
	}
	if _, ok := s.Part("shared"); ok || s.Parts[0].Part != "rss" || s.Process != soak.RoleTarget {
		t.Errorf("%+v", s)
	}
}

func TestSplitMemory_ByMapping(t *testing.T) {
	m := newMemory()
	m.add("rss_bytes", func(i int) float64 { return float64(1000 + i) })
	m.add(`mapping_bytes{mapping="[heap]"}`, func(i int) float64 { return float64(10 * i) })
	m.add(`mapping_bytes{mapping="malloc arenas"}`, func(int) float64 { return 5 })
	m.add(`mapping_bytes{mapping="/usr/lib/libz.so"}`, func(int) float64 { return 5 })
	s := SplitMemory(m, 0, minutes(length))
	if len(s.Parts) != 3 || s.Parts[1].Part != "[heap]" || s.Parts[1].Change != 490 || s.Parts[2].Part != "malloc arenas" {
		t.Errorf("%+v", s.Parts)
	}
}

// A server obtains and releases 300 MiB between the readings of the kernel and of the
// runtime, so the residual is not native memory.
func TestSplitMemory_InconsistentResidual(t *testing.T) {
	m := newMemory()
	const mib = 1 << 20
	now := func(odd, even float64) func(int) float64 {
		return func(i int) float64 {
			if i%2 == 0 {
				return even * mib
			}
			return odd * mib
		}
	}
	m.add("rss_bytes", now(330, 30))
	m.add("rss_anon_bytes", now(320, 20))
	m.add("go_heap_live_bytes", now(16, 16))
	m.add("go_heap_inuse_bytes", now(18, 18))
	m.add("go_heap_idle_bytes", now(305, 305))
	m.add("go_heap_released_bytes", now(305, 5)) // a tick late
	if p, ok := SplitMemory(m, 0, minutes(length)).Part("native"); ok {
		t.Errorf("%+v", p)
	}
}

// Dead objects become free spans at a collection, and free spans become dead objects
// after it: the medians of the two do not add up to the retained memory.
func TestSplitMemory_RetainedByRuntime(t *testing.T) {
	m := newMemory()
	const mib = 1 << 20
	dead := func(i int) float64 { // few in most readings
		if i%5 < 3 {
			return 10
		}
		return 150
	}
	kept := func(i int) float64 { return 160 * min(1, float64(i)/20) }
	m.add("rss_bytes", func(i int) float64 { return (30 + kept(i)) * mib })
	m.add("go_heap_live_bytes", func(int) float64 { return 16 * mib })
	m.add("go_heap_inuse_bytes", func(i int) float64 { return (16 + min(dead(i), kept(i))) * mib })
	m.add("go_heap_idle_bytes", func(i int) float64 { return (kept(i) - min(dead(i), kept(i))) * mib })
	m.add("go_heap_released_bytes", func(int) float64 { return 0 })
	if p, _ := SplitMemory(m, 0, minutes(length)).Part("kept"); p.Late != 160*mib || p.Early > 60*mib || p.Change != p.Late-p.Early {
		t.Errorf("%+v", p)
	}
}
