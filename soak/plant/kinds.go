package plant

import "sync"

func plantGoroutines(n int64) error {
	for range n {
		go plantedGoroutine()
	}
	return nil
}

var never = make(chan struct{})

func plantedGoroutine() { <-never }

// The objects keep each other reachable in two lists. They fill size classes of
// the Go runtime, so that the heap grows by what was asked for; the larger ones
// leave room for the 8-byte header that objects with pointers get above 512 B.
type (
	plantedKiB struct {
		next *plantedKiB
		data [1008]byte
	}
	plantedLine struct {
		next *plantedLine
		data [56]byte
	}
)

var heap struct {
	mu    sync.Mutex
	owed  int64 // bytes that were due and are not planted yet
	large *plantedKiB
	small *plantedLine
}

func plantHeap(n int64) error {
	heap.mu.Lock()
	defer heap.mu.Unlock()
	for heap.owed += n; heap.owed >= 1024; heap.owed -= 1024 {
		heap.large = plantKiB(heap.large)
	}
	for ; heap.owed >= 64; heap.owed -= 64 {
		heap.small = plantLine(heap.small)
	}
	return nil
}

//go:noinline
func plantKiB(next *plantedKiB) *plantedKiB {
	o := &plantedKiB{next: next}
	for i := range o.data {
		o.data[i] = byte(i) | 1 // touched, or its pages would not be resident
	}
	return o
}

//go:noinline
func plantLine(next *plantedLine) *plantedLine {
	o := &plantedLine{next: next}
	for i := range o.data {
		o.data[i] = byte(i) | 1
	}
	return o
}
