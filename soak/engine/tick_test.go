package engine

import (
	"testing"
	"time"
)

func TestLateness(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		what               string
		at, last, idleFrom time.Duration
		want               time.Duration
	}{
		{"on time", 3000 * ms, 2000 * ms, 2010 * ms, 0},
		{"a little late", 3007 * ms, 2000 * ms, 2010 * ms, 7 * ms},
		{"after a late tick", 3000 * ms, 2400 * ms, 2410 * ms, 0},
		{"two ticks missed", 5100 * ms, 2000 * ms, 2010 * ms, 2100 * ms},
		{"the loop was busy", 3500 * ms, 2000 * ms, 3490 * ms, 10 * ms},
	} {
		if got := lateness(c.at, c.last, c.idleFrom, time.Second); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}
