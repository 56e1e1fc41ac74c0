package store

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

const day = 86_400 // rows at 1 s

// A day of a real recording goes through the writer second by second, as in a
// run; the file stores it in less than 2 bytes per sample.
func TestWriter_SizeOfOneDay(t *testing.T) {
	rec := readRecording(t)
	path := filepath.Join(t.TempDir(), "day"+Ext)
	run := testRun()
	run.Metrics = rec.metrics()
	samples := 0
	synctest.Test(t, func(t *testing.T) {
		w, err := Create(path, run, Options{NoSync: true})
		must(t, err)
		for n := range virtualDay {
			row := rec.row(n)
			samples += len(row.Samples)
			must(t, w.Append(row))
			time.Sleep(time.Second)
		}
		must(t, w.Close())
	})
	info, err := os.Stat(path)
	must(t, err)
	perSample := float64(info.Size()) / float64(samples)
	t.Logf("%d samples of %d series in %d bytes: %.3f bytes a sample", samples, len(rec.names), info.Size(), perSample)
	if perSample > 2 {
		t.Errorf("%.3f bytes a sample, want at most 2", perSample)
	}
	verify(t, path)
	compareDay(t, openReader(t, path), rec)
}

// compareDay compares every sample that was read with the recording.
func compareDay(t *testing.T, r *Reader, rec recording) {
	t.Helper()
	n := 0
	for got, err := range r.Rows() {
		must(t, err)
		want := rec.row(n)
		if got.At != want.At || len(got.Samples) != len(want.Samples) {
			t.Fatalf("row %d: at %v with %d samples, want at %v with %d", n, got.At, len(got.Samples), want.At, len(want.Samples))
		}
		for i, s := range got.Samples {
			if s.Process != want.Samples[i].Process || s.Metric != want.Samples[i].Metric || math.Abs(s.Value-want.Samples[i].Value) > 1e-9*math.Abs(s.Value) {
				t.Fatalf("row %d: %v, want %v", n, s, want.Samples[i])
			}
		}
		n++
	}
	if n != virtualDay {
		t.Errorf("%d rows, want %d", n, virtualDay)
	}
}
