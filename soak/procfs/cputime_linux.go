package procfs

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime is the CPU time of a process, of all its threads together, to the
// nanosecond (clock_getcpuclockid(3)). /proc/PID/stat counts in hundredths of a
// second, which is too coarse for what a process does in a few.
func CPUTime(pid int) (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED of linux/posix-timers.h
	if pid <= 0 {
		return 0, fmt.Errorf("invalid pid %d", pid)
	}
	var t unix.Timespec
	switch err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); {
	case errors.Is(err, unix.EINVAL): // how the kernel says that there is no such process
		return 0, unix.ESRCH
	case err != nil:
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
