package runner

import (
	"time"

	"golang.org/x/sys/unix"
)

// asleep is the total time for which the machine has been suspended:
// CLOCK_BOOTTIME counts it and CLOCK_MONOTONIC does not (clock_gettime(2)).
func asleep() time.Duration {
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - mono.Nano())
}
