package store

import (
	"math"
	"testing"
	"time"

	"soakmon/soak"
)

// For any interval, the columns have the same points as the series.
func TestColumns_AgreeWithSeries(t *testing.T) {
	rec := readRecording(t)
	run := testRun()
	run.Metrics = rec.metrics()
	w, path := createRun(t, Options{NoSync: true})
	for i := range 3 * sealRows {
		must(t, w.Append(rec.row(i)))
	}
	must(t, w.Close())
	r := openReader(t, path)
	names := append(r.Names(), soak.SeriesOf(soak.RoleTarget, "no_such_series"))
	end := rec.row(3*sealRows - 1).At
	for _, window := range [][2]time.Duration{{0, end}, {end / 3, end / 2}, {end / 2, end / 2}, {end + time.Hour, end + 2*time.Hour}, {-time.Hour, -1}} {
		at, value := make([][]time.Duration, len(names)), make([][]float64, len(names))
		must(t, r.Columns(names, window[0], window[1], func(i int, a []time.Duration, v []float64) {
			at[i], value[i] = append(at[i], a...), append(value[i], v...)
		}))
		for i, n := range names[:len(names)-1] {
			s, err := r.Series(n)
			must(t, err)
			k := 0
			for j, a := range s.At {
				if a < window[0] || a > window[1] {
					continue
				}
				if k >= len(at[i]) || at[i][k] != a || value[i][k] != s.Value[j] && !(math.IsNaN(value[i][k]) && math.IsNaN(s.Value[j])) {
					t.Fatalf("%v at %v of %v: not what the series holds", n, a, window)
				}
				k++
			}
			if k != len(at[i]) {
				t.Errorf("%v in %v: %d points, the series has %d there", n, window, len(at[i]), k)
			}
		}
		if len(at[len(names)-1]) > 0 {
			t.Error("a series that is not there has points")
		}
	}
}

// All 4.3 million samples of a day of 50 series in one pass.
func BenchmarkColumns_OneDay(b *testing.B) {
	path, _ := fill(b, readRecording(b), day)
	r := openReader(b, path)
	names := r.Names()
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		must(b, r.Columns(names, 0, 48*time.Hour, func(_ int, at []time.Duration, _ []float64) { n += len(at) }))
		b.ReportMetric(float64(n), "samples")
	}
}
