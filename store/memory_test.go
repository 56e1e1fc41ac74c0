package store

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"soakmon/soak"
)

// liveHeap is the size of the live heap in bytes.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestWriter_MemoryStaysFlat(t *testing.T) {
	var samples []soak.Sample
	for i := range 200 {
		samples = append(samples, soak.Sample{SeriesID: soak.SeriesOf(soak.RoleTarget, fmt.Sprintf("series%03d", i))})
	}
	before := liveHeap()
	w, _ := createRun(t, Options{NoSync: true})
	n := 0
	heldAfter := func(rows int) int64 {
		for ; n < rows; n++ {
			for i := range samples {
				samples[i].Value = float64(n * i % 1009)
			}
			must(t, w.Append(soak.Row{At: time.Duration(n) * time.Second, Wall: testStart, Samples: samples}))
		}
		must(t, w.Flush())
		return liveHeap() - before
	}
	early, late := heldAfter(2*sealRows), heldAfter(8*sealRows)
	if late > 4<<20 {
		t.Errorf("a writer of 200 series holds %d bytes, want at most 4 MiB", late)
	}
	if late-early > 128<<10 {
		t.Errorf("it held %d bytes after %d rows and holds %d after %d", early, 2*sealRows, late, 8*sealRows)
	}
	t.Logf("it held %d bytes, later %d", early, late)
}
