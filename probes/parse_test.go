//go:build linux

package probes

import (
	"math"
	"slices"
	"testing"
)

const statTail = "S 7 1 1 34816 -1 4194304 11 22 33 44 500 60 70 8 20 -5 9 0 123456789 98304 12 18446744073709551615"

func TestStatIsReadBehindAnyCommandName(t *testing.T) {
	want := stat{state: 'S', ppid: 7, minor: 11, minorOld: 22, major: 33, majorOld: 44, time: 560, timeOld: 78, threads: 9, start: 123456789, virtual: 98304}
	for _, comm := range []string{"(sh)", "(a b)", "(a) S 1 2 (b))", "()", "(\n)"} {
		got, err := parseStat([]byte("42 " + comm + " " + statTail))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", comm, got, err)
		}
	}
	for _, bad := range []string{"", "1 (x)", "1 (x) ", "1 (x) S 1 2", "1 (x) S a b c"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestStatOfTheTreeHoldsWaitedForChildren(t *testing.T) {
	st, err := parseStat([]byte("42 (x) " + statTail))
	if err != nil {
		t.Fatal(err)
	}
	v := make([]float64, 5)
	st.values(false, v)
	if want := []float64{5.60, 11, 33, 9, 98304}; !slices.EqualFunc(v, want, near) {
		t.Errorf("alone %v, want %v", v, want)
	}
	st.values(true, v)
	if want := []float64{6.38, 33, 77, 9, 98304}; !slices.EqualFunc(v, want, near) {
		t.Errorf("tree %v, want %v", v, want)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestZombieIsTheEndUnlessThreadsGoOn(t *testing.T) {
	for _, test := range []struct {
		st   stat
		want bool
	}{
		{stat{state: 'Z', threads: 1}, true}, {stat{state: 'Z', threads: 5}, false},
		{stat{state: 'X'}, true}, {stat{state: 'S', threads: 1}, false}, {stat{state: 'D', threads: 1}, false},
	} {
		if got := test.st.ended(); got != test.want {
			t.Errorf("%+v: ended %v", test.st, got)
		}
	}
}

func TestStatusKeepsMissingMemoryApartFromNone(t *testing.T) {
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
	if err := parseStatus([]byte("Name:\tx\nState:\tZ (zombie)\n"), v); err != nil || v[0] != 0 {
		t.Errorf("zombie: %v, %v", v, err)
	}
}

func TestRollupAddsPrivatePages(t *testing.T) {
	v := make([]float64, 6)
	err := parseRollup([]byte("55d000-7fff000 ---p 00000000 00:00 0    [rollup]\nRss: 100 kB\nPss: 61 kB\nPrivate_Clean: 8 kB\nPrivate_Dirty: 40 kB\nAnonymous: 44 kB\nLazyFree: 4 kB\nSwapPss: 3 kB\nSwap: 6 kB\n"), v)
	if want := []float64{61 << 10, 48 << 10, 44 << 10, 56 << 10, 3 << 10, 4 << 10}; err != nil || !slices.Equal(v, want) {
		t.Errorf("%v, %v; want %v", v, err, want)
	}
	if parseRollup(nil, v) == nil {
		t.Error("an empty file is accepted")
	}
}

func TestNumberRefusesWhatDoesNotFit(t *testing.T) {
	for text, want := range map[string]uint64{" 18446744073709551615 kB": math.MaxUint64, "0x": 0, "7": 7} {
		if n, ok := number([]byte(text)); !ok || n != want {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
	for _, bad := range []string{"", " ", "-1", "x1", "18446744073709551616", "99999999999999999999999"} {
		if n, ok := number([]byte(bad)); ok {
			t.Errorf("%q is %d", bad, n)
		}
	}
}

func TestGroupsOfBothVersions(t *testing.T) {
	v1, v2 := groups([]byte("12:cpu,memory:/a\n4:devices:/b\n0::/c:d/e\n"))
	if v1 != "/a" || v2 != "/c:d/e" {
		t.Errorf("%q %q", v1, v2)
	}
}

// FuzzParsers holds that no file of any content makes a parser panic or
// deliver a number that is none.
func FuzzParsers(f *testing.F) {
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
		if st, err := parseStat(b); err == nil {
			st.values(true, v)
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
		groups(b)
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
