//go:build !linux

package load

import "time"

// exactSleep is a plain timer here: exact to about a millisecond.
func exactSleep(at time.Time) { time.Sleep(time.Until(at)) }
