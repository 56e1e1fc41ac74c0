//go:build unix

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
