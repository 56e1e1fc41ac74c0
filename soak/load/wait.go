package load

import "time"

// coarse is how long before a moment a timer hands over to the exact wait. The
// exact wait cannot be interrupted, so it is also the longest that a stop takes.
const coarse = 10 * time.Millisecond

// waiter waits for moments: by a timer while they are far, then by sleepUntil.
type waiter struct {
	timer      *time.Timer
	sleepUntil func(time.Time)
}

func newWaiter(sleepUntil func(time.Time)) *waiter {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &waiter{timer, sleepUntil}
}

// until returns true once it is time, at once where that is past, and false as
// soon as stop is closed.
func (w *waiter) until(at time.Time, stop <-chan struct{}) bool {
	for {
		left := time.Until(at)
		switch {
		case left <= 0:
			return true
		case left <= coarse:
			w.sleepUntil(at)
		default:
			w.timer.Reset(left - coarse)
			select {
			case <-w.timer.C:
			case <-stop:
				w.timer.Stop()
				return false
			}
		}
	}
}
