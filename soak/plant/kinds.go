package plant

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// plantFDs opens descriptors and forgets them. They are bare numbers: an
// os.File would be closed by its finalizer.
func plantFDs(n int64) error {
	for range n {
		if _, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err != nil {
			return err
		}
	}
	return nil
}

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

// maxThreads stays below the 10,000 at which the runtime ends the program
// (runtime/debug.SetMaxThreads).
const maxThreads = 9000

var (
	threads atomic.Int64
	silence = sync.OnceValues(func() (int, error) { // the read end of a pipe that nobody writes to
		var p [2]int
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if err := syscall.Pipe(p[:]); err != nil {
			return 0, err
		}
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
		return p[0], nil
	})
)

func plantThreads(n int64) error {
	fd, err := silence()
	if err != nil {
		return err
	}
	for range n {
		if threads.Add(1) > maxThreads {
			threads.Add(-1)
			return fmt.Errorf("there are %d planted threads, and the Go runtime allows 10,000 in all", maxThreads)
		}
		go plantedThread(fd)
	}
	return nil
}

func plantedThread(fd int) {
	runtime.LockOSThread()
	var b [1]byte
	for {
		if _, err := syscall.Read(fd, b[:]); !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}
