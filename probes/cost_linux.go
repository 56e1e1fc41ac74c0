package probes

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the CPU time of the calling thread (clock_gettime(2)): what a
// read of files costs, also on a busy machine, where it takes far longer.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
