package report

import (
	"fmt"
	"maps"
	"math"
	"testing"
	"time"

	"soakmon/soak"
)

// rows returns a series measured at these milliseconds; a negative one is a row
// without a value.
func rows(ms ...int) (s soak.Series) {
	for _, t := range ms {
		v := 1.0
		if t < 0 {
			t, v = -t, nan
		}
		s.At, s.Value = append(s.At, time.Duration(t)*time.Millisecond), append(s.Value, v)
	}
	return s
}

func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		what                string
		s                   soak.Series
		end                 time.Duration
		due, measured, gaps int
	}{
		{"all", rows(1000, 2000, 3000), 3 * time.Second, 3, 3, 0},
		{"late ticks are ticks", rows(1001, 2400, 3999), 3999 * time.Millisecond, 3, 3, 0},
		{"one missing", rows(1000, 3000), 3 * time.Second, 3, 2, 1},
		{"one without a value", rows(1000, -2000, 3000), 3 * time.Second, 3, 2, 1},
		{"consecutive missing ticks are one gap", rows(1000, 5000), 5 * time.Second, 5, 2, 1},
		{"the beginning missing", rows(3000), 3 * time.Second, 3, 1, 1},
		{"the end missing", rows(1000), 3 * time.Second, 3, 1, 1},
		{"two gaps", rows(1000, 3000, 5000), 5 * time.Second, 5, 3, 2},
		{"a rest sample between two ticks does not count", rows(1000, 1600, 2000, 3000), 3 * time.Second, 3, 3, 0},
		{"rest samples do not replace ticks", rows(1000, 1200, 1400, 1600), 4 * time.Second, 4, 1, 1},
		{"a rest sample in place of a tick", rows(1000, 2700, 3000), 3 * time.Second, 3, 3, 0},
		{"suspended time is missing", rows(1000, 2000, 60_000), 60 * time.Second, 60, 3, 1},
		{"never", soak.Series{}, 3 * time.Second, 3, 0, 1},
		{"nothing due", soak.Series{}, 0, 0, 0, 0},
	} {
		due, measured, gaps := coverage(c.s, time.Second, c.end)
		if due != c.due || measured != c.measured || gaps != c.gaps {
			t.Errorf("%s: %d of %d, %d gaps; want %d of %d, %d gaps", c.what, measured, due, gaps, c.measured, c.due, c.gaps)
		}
	}
	if due, measured, gaps := coverage(rows(1000), 0, time.Second); due != 0 || measured != 0 || gaps != 0 {
		t.Errorf("without an interval: %d of %d, %d gaps", measured, due, gaps)
	}
}

func FuzzCoverage(f *testing.F) {
	f.Add([]byte{10, 10, 10, 200, 10}, uint16(1000), uint16(50))
	f.Add([]byte{0, 255, 1}, uint16(1), uint16(0))
	f.Fuzz(func(t *testing.T, steps []byte, interval, more uint16) {
		var s soak.Series
		at := time.Duration(0)
		values := 0
		for _, step := range steps {
			at += time.Duration(step) * 100 * time.Millisecond
			v := 1.0
			if step%7 == 3 {
				v = nan
			} else {
				values++
			}
			s.At, s.Value = append(s.At, at), append(s.Value, v)
		}
		end := at + time.Duration(more)*time.Millisecond
		due, measured, gaps := coverage(s, time.Duration(interval)*time.Millisecond, end)
		switch {
		case measured < 0 || measured > due || measured > values:
			t.Errorf("%d measured of %d due, with %d values", measured, due, values)
		case gaps < 0 || gaps > due-measured:
			t.Errorf("%d gaps with %d of %d measured", gaps, measured, due)
		case measured < due && gaps == 0:
			t.Errorf("%d of %d measured, and no gap", measured, due)
		}
	})
}

func TestByKind_LabelSyntax(t *testing.T) {
	kinds := []string{"reset", `a"b`, `with,load="tcp"}`, `back\slash`, "ümlaut\n", "", `}`}
	m := goodRun()
	want := map[string]int64{}
	for i, kind := range kinds {
		for j, load := range []string{"tcp", `odd",load="tcp`} {
			n := int64(1 + i + 100*j)
			m.add(soak.RoleDriver, fmt.Sprintf("errors_total{kind=%q,load=%q}", kind, load), func(int) float64 { return float64(n) })
			if load == "tcp" {
				want[kind] = n
			}
		}
	}
	m.add(soak.RoleTarget, `errors_total{kind="of the server",load="tcp"}`, func(int) float64 { return 1 })
	m.add(soak.RoleDriver, `errors_total{kind="no end`, func(int) float64 { return 1 })
	b := &builder{src: m}
	if got := b.byKind("errors_total", "tcp"); !maps.Equal(got, want) {
		t.Errorf("errors %v\nwant   %v", got, want)
	}
}

func TestCPU_AcrossRestart(t *testing.T) {
	m := goodRun()
	m.series[m.name("target", "cpu_seconds_total")] = soak.Series{Value: []float64{5, 6, math.NaN(), 8, 0.5, 1}}
	if used, ok := (&builder{src: m}).cpu(); !ok || used != 3.5 {
		t.Errorf("used %v, %v; want 3.5", used, ok)
	}
}

func TestEvidence_SnapshotCost(t *testing.T) {
	heap := soak.ProfileMeta{Kind: "heap", CPU: 0.02, Took: 8 * time.Millisecond}
	paused := soak.ProfileMeta{Kind: "heap", CPU: 0.01, Took: 4 * time.Millisecond, Pause: 250 * time.Microsecond}
	other := soak.ProfileMeta{Kind: "goroutine", CPU: 5, Pause: time.Second}
	for want, metas := range map[string][]soak.ProfileMeta{
		"": {other},
		"a heap snapshot cost the target at most 20 ms of CPU time; GC pauses unknown":       {heap, other},
		"a heap snapshot cost the target at most 15 ms of CPU time; longest GC pause 250 µs": {paused, heap},
	} {
		if got := (Evidence{HeapSnapshot: heapSnapshot(metas)}).snapshot(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if share := cost([]soak.ProfileMeta{heap, {Kind: "cpu", CPU: 50}}, 100*time.Second); share != 0.0002 {
		t.Errorf("%v of a core: the work that a CPU profile measures is not part of its cost", share)
	}
}
