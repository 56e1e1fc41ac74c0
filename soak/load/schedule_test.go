package load

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSchedule_EvenForMonths(t *testing.T) {
	for _, c := range []struct {
		plan schedule
		n    uint64
		want time.Duration
	}{
		{schedule{200, 0}, 0, 0},
		{schedule{200, 0}, 1, 5 * time.Millisecond},
		{schedule{200, 0.5}, 0, 2500 * time.Microsecond},
		{schedule{1000, 0}, 90 * 86400 * 1000, 90 * 24 * time.Hour},
		{schedule{0.001, 0}, 3, 3000 * time.Second},
		{schedule{3, 0}, 3_000_000, 1_000_000 * time.Second},
	} {
		if got, ok := c.plan.due(c.n); !ok || got != c.want {
			t.Errorf("%+v: operation %d is due at %v (%v), want %v", c.plan, c.n, got, ok, c.want)
		}
	}
}

func TestSchedule_Ends(t *testing.T) {
	for _, c := range []schedule{{0, 0}, {-1, 0}, {1e-12, 1}} {
		if at, ok := c.due(5); ok {
			t.Errorf("%+v: operation 5 is due at %v", c, at)
		}
	}
}

func TestWaiter_OnTimeAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaiter(sleepByTimer)
		for _, d := range []time.Duration{-time.Second, 0, time.Millisecond, time.Hour} {
			at := time.Now().Add(d)
			if !w.until(at, nil) || time.Since(at) < 0 || d > 0 && time.Since(at) > 0 {
				t.Errorf("waited for %v, and it is %v after", d, time.Since(at))
			}
		}
		stop := make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(stop) })
		if w.until(time.Now().Add(time.Hour), stop) {
			t.Error("a stop did not end the wait")
		}
		if !w.until(time.Now().Add(time.Second), nil) {
			t.Error("the waiter does not work after a stop")
		}
	})
}

func TestExactSleep_NeverEarly(t *testing.T) {
	for range 50 {
		at := time.Now().Add(300 * time.Microsecond)
		exactSleep(at)
		if left := time.Until(at); left > 0 {
			t.Fatalf("woke %v early", left)
		}
	}
}

func sleepByTimer(at time.Time) { time.Sleep(time.Until(at)) }
