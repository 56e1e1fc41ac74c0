//go:build linux

package probes

import (
	"math"
	"slices"
	"testing"

	"soakmon/soak/procfs"
)

const statTail = "S 7 1 1 34816 -1 4194304 11 22 33 44 500 60 70 8 20 -5 9 0 123456789 98304 12 18446744073709551615"

func TestStatValues_Tree(t *testing.T) {
	st, err := procfs.ParseStat([]byte("42 (x) " + statTail))
	if err != nil {
		t.Fatal(err)
	}
	v := make([]float64, 5)
	statValues(st, false, v)
	if want := []float64{5.60, 11, 33, 9, 98304}; !slices.EqualFunc(v, want, near) {
		t.Errorf("alone %v, want %v", v, want)
	}
	statValues(st, true, v)
	if want := []float64{6.38, 33, 77, 9, 98304}; !slices.EqualFunc(v, want, near) {
		t.Errorf("tree %v, want %v", v, want)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestParseStatus_MissingMemory(t *testing.T) {
	v := make([]float64, len(statusKeys))
	err := parseStatus([]byte("Name:\tVmRSS: 1\nState:\tS (sleeping)\nVmPTE:\t  4 kB\nVmRSS:\t    12 kB\nRssAnon:\t 8 kB\nRssFile:\t3 kB\nRssShmem:\t1 kB\nVmSwap:\t2 kB\n"), v)
	if want := []float64{12288, 8192, 3072, 1024, 2048, 4096}; err != nil || !slices.Equal(v, want) {
		t.Errorf("%v, %v; want %v", v, err, want)
	}
	if err := parseStatus([]byte("Name:\tkworker\nState:\tI (idle)\n"), v); err == nil {
		t.Error("a process without memory lines is accepted")
	}
	if err := parseStatus([]byte("Name:\tkworker\nState:\tI (idle)\nKthread:\t1\n"), v); err == nil {
		t.Error("a kernel thread is accepted")
	}
	if err := parseStatus([]byte("Name:\tsshd\nState:\tR (running)\nKthread:\t0\n"), v); err != nil || v[0] != 0 {
		t.Errorf("a process on its way to a zombie: %v, %v", v, err)
	}
	if err := parseStatus([]byte("Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n"), v); err != nil || v[0] != 0 {
		t.Errorf("zombie: %v, %v", v, err)
	}
	if err := parseStatus([]byte("Name:\tx\nState:\tZ (zombie)\nThreads:\t5\n"), v); err == nil {
		t.Errorf("a living process without a main thread: %v", v)
	}
}

func TestParseRollup_PrivatePages(t *testing.T) {
	v := make([]float64, 6)
	err := parseRollup([]byte("55d000-7fff000 ---p 00000000 00:00 0    [rollup]\nRss: 100 kB\nPss: 61 kB\nPrivate_Clean: 8 kB\nPrivate_Dirty: 40 kB\nAnonymous: 44 kB\nLazyFree: 4 kB\nSwapPss: 3 kB\nSwap: 6 kB\n"), v)
	if want := []float64{61 << 10, 48 << 10, 44 << 10, 56 << 10, 3 << 10, 4 << 10}; err != nil || !slices.Equal(v, want) {
		t.Errorf("%v, %v; want %v", v, err, want)
	}
	if parseRollup(nil, v) == nil {
		t.Error("an empty file is accepted")
	}
}

// FuzzParse holds that no file of any content makes a parser panic or
// deliver a number that is none.
func FuzzParse(f *testing.F) {
	f.Add([]byte("42 (x) " + statTail))
	f.Add([]byte("VmRSS:\t12 kB\nState:\tZ"))
	f.Add([]byte("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1"))
	f.Add([]byte("4:memory:/x\n0::/"))
	f.Add([]byte("go_goroutines 7\n# TYPE x histogram\nx_bucket{le=\"1\"} 2\nx_count 3\nx_sum NaN\n"))
	f.Add([]byte(`{"memstats":{"NextGC":1e300,"HeapIdle":-5}}`))
	f.Add([]byte("# NextGC = 5\n# Stack = 3 / 4\n"))
	f.Add([]byte("<td>7</td><td><a href='goroutine?debug=1'>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := make([]float64, 6)
		if st, err := procfs.ParseStat(b); err == nil && !st.Headless() {
			statValues(st, true, v)
		}
		_ = parseStatus(b, v)
		_ = parseIO(b, v)
		_ = parseRollup(b, v)
		addSwitches(b, v)
		for _, x := range v {
			if math.IsNaN(x) || x < 0 {
				t.Fatalf("%v from %q", v, b)
			}
		}
		_, _ = parseLimit(b, "Max open files")
		all := tables{owned: []uint64{12345}}
		all.tcp(b)
		all.datagram(b)
		all.local(b)
		all.states()
		_, _ = parseIndex(b)
		for _, parse := range []func([]byte) (map[string]float64, error){parseVars, parseHeap} {
			if values, err := parse(b); err == nil {
				deriveLive(values)
			}
		}
		if families, err := parsePrometheus(b); err == nil {
			runtimeOf(families)
		}
	})
}
