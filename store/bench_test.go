package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"soakmon/soak"
)

// fill writes rows 0 to n-1 of the recording.
func fill(b *testing.B, rec recording, n int) (path string, samples int) {
	b.Helper()
	run := testRun()
	run.Metrics = rec.metrics()
	path = filepath.Join(b.TempDir(), "run"+Ext)
	w, err := Create(path, run, Options{NoSync: true})
	must(b, err)
	for i := range n {
		row := rec.row(i)
		samples += len(row.Samples)
		must(b, w.Append(row))
	}
	must(b, w.Close())
	return path, samples
}

// Append of one row of 50 series; every 256th also encodes them.
func BenchmarkAppend(b *testing.B) {
	rec := readRecording(b)
	w, _ := createRun(b, Options{NoSync: true})
	row := rec.row(0)
	b.ReportAllocs()
	for b.Loop() {
		must(b, w.Append(row))
	}
}

// One commit as the monitor does it: two rows of 50 series, synced to disk.
func BenchmarkCommit(b *testing.B) {
	for name, noSync := range map[string]bool{"fsync": false, "nosync": true} {
		b.Run(name, func(b *testing.B) {
			rec := readRecording(b)
			w, _ := createRun(b, Options{NoSync: noSync})
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for range 2 {
					must(b, w.Append(rec.row(n)))
					n++
				}
				must(b, w.Flush())
			}
		})
	}
}

// One seal: 1,024 rows of 50 series, committed two at a time, become one chunk.
func BenchmarkSeal(b *testing.B) {
	rec := readRecording(b)
	var recent []chunk
	var gather batch
	scales := make([]scale, len(rec.names))
	for i, m := range rec.metrics() {
		scales[i] = scaleOf(m.Quantum)
	}
	for i := range sealRows {
		row := rec.row(i)
		gather.add(stampOf(row))
		for _, s := range row.Samples {
			gather.set(uint64(slices.Index(rec.names, s.SeriesID)+1), s.Value)
		}
		if i%2 == 1 {
			c, err := decodeChunk(gather.encode(scales))
			must(b, err)
			recent = append(recent, c)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := merge(recent, scales)
		must(b, err)
	}
}

// A day of 50 series, including all overhead of the file.
func BenchmarkSeal_BytesPerSample(b *testing.B) {
	rec := readRecording(b)
	for b.Loop() {
		path, samples := fill(b, rec, day)
		info, err := os.Stat(path)
		must(b, err)
		b.ReportMetric(float64(info.Size())/float64(samples), "B/sample")
	}
}

// One series of 86,400 points out of a file of 50.
func BenchmarkSeries_OneDay(b *testing.B) {
	path, _ := fill(b, readRecording(b), day)
	r := openReader(b, path)
	for name, n := range map[string]soak.SeriesID{
		"gauge":   {Process: soak.RoleTarget, Metric: "rss_bytes"},
		"counter": {Process: soak.RoleTarget, Metric: "cpu_seconds_total"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := r.Series(n)
				must(b, err)
				if len(s.At) != day {
					b.Fatalf("%d points", len(s.At))
				}
			}
		})
	}
}
