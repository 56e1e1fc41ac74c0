package store

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"soakmon/soak"
)

var testStart = time.Date(2026, 3, 1, 2, 0, 0, 123456789, time.UTC)

func testRun() soak.Run {
	return soak.Run{
		ID: "20260301T020000Z-test-0000", Name: "test", Command: "run", Start: testStart,
		Metrics: []soak.Metric{
			{Name: "fds", Unit: "count", Kind: soak.Gauge, Quantum: 1},
			{Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 4096},
			{Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter, Quantum: 0.01},
			{Name: "latency_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-9},
		},
	}
}

// createRun creates a run file that is verified when the test ends.
func createRun(t testing.TB, o Options) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run"+Ext)
	w, err := Create(path, testRun(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		verify(t, path)
	})
	return w, path
}

// verify fails the test if Verify finds a problem.
func verify(t testing.TB, path string) {
	t.Helper()
	problems, err := Verify(path)
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// reopen closes a writer and opens its file to read it.
func reopen(t testing.TB, w *Writer, path string) *Reader {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return openReader(t, path)
}

func openReader(t testing.TB, path string) *Reader {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// snapshot opens a copy of the file of an open writer.
func snapshot(t testing.TB, w *Writer) *Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy"+Ext)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := w.WriteTo(f)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := f.Stat(); info.Size() != n {
		t.Errorf("WriteTo returned %d bytes and wrote %d", n, info.Size())
	}
	f.Close()
	verify(t, path)
	return openReader(t, path)
}

// row returns a row of the target's series.
func row(at time.Duration, values map[string]float64) soak.Row {
	r := soak.Row{At: at, Wall: testStart.Add(at)}
	for name, v := range values {
		r.Samples = append(r.Samples, soak.Sample{SeriesID: soak.SeriesOf(soak.RoleTarget, name), Value: v})
	}
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares floats, NaN being equal to itself.
func same(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return false
		}
	}
	return true
}
