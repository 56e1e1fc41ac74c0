package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// lead is how much earlier than wanted to wake up, and to spin from then on: a
// sleeping thread of a virtual machine runs some 30 to 80 µs after its time.
const lead = 60 * time.Microsecond

// exactSleep sleeps in clock_nanosleep(2) and spins through the last lead. A
// time.Sleep would wake in epoll_wait(2), up to a millisecond late.
func exactSleep(at time.Time) {
	if left := time.Until(at); left > lead {
		// Threads wake up to 50 µs late on purpose (PR_SET_TIMERSLACK); the
		// goroutine may be on another thread each time.
		unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
		ts := unix.NsecToTimespec(int64(left - lead))
		unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, nil)
	}
	for time.Until(at) > 0 {
	}
}
