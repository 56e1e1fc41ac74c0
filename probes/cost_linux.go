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

// processTime is the CPU time of a process, all its threads together
// (clock_getcpuclockid(3)), or 0 where that is unknown.
func processTime(pid int) time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED of linux/posix-timers.h
	var t unix.Timespec
	if pid <= 0 || unix.ClockGettime(int32(^pid<<3|scheduled), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
