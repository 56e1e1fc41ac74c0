package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
)

// sendFunc is a sink.
type sendFunc func(ctx context.Context, a soak.Alert) (bool, error)

func (f sendFunc) Send(ctx context.Context, a soak.Alert) (bool, error) { return f(ctx, a) }

// pump runs Pump until stop is called, which waits for its end.
func pump(t *testing.T, b Outbox, sinks map[string]Sink, wake chan struct{}, e *events) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Pump(ctx, b, sinks, wake, e.report)
	}()
	return func() { cancel(); <-done }
}

// until waits for a condition on real servers.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 3000 {
		if ok() {
			return
		}
		select {
		case <-t.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatal("waited in vain for ", what)
}

func TestPump_RetriesFailingReceiver(t *testing.T) {
	re := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	b, e := boxOf(2), &events{}
	stop := pump(t, b, map[string]Sink{"hook": openSink(t, "webhook", fmt.Sprintf(`{"url":%q}`, re.URL))}, nil, e)
	until(t, "delivery", func() bool { return len(b.delivered("hook")) == 2 })
	stop()
	if got := strings.Join(re.keys(), " "); got != strings.ReplaceAll("R-1 R-1 R-1 R-2", "R", someAlert().Run) {
		t.Error("requests", got)
	}
	all := e.list()
	if len(all) != 2 || all[0].Kind != soak.EventNote || !strings.Contains(all[0].Text, "503") || !strings.Contains(all[1].Text, "again") {
		t.Errorf("events %+v", all)
	}
}

func TestPump_CrashBeforeDeliveryIsNoted(t *testing.T) {
	re := receive(t, func(int, http.ResponseWriter, *http.Request) {})
	b, e := boxOf(1), &events{}
	hook := map[string]Sink{"hook": openSink(t, "webhook", fmt.Sprintf(`{"url":%q}`, re.URL))}
	b.broken = true // the monitor ends before the delivery is on disk
	stop := pump(t, b, hook, nil, e)
	until(t, "the first attempt", func() bool { return re.count() > 0 })
	stop()
	if len(b.delivered("hook")) != 0 {
		t.Fatal("a delivery was noted")
	}
	b.broken = false
	before := re.count()
	stop = pump(t, b, hook, nil, e)
	until(t, "the second delivery", func() bool { return len(b.delivered("hook")) == 1 })
	stop()
	keys := re.keys()
	if len(keys) != before+1 || len(slices.Compact(keys)) != 1 {
		t.Error("requests", keys)
	}
}

func TestPump_RefusedAlert(t *testing.T) {
	re := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	b, e := boxOf(2), &events{}
	stop := pump(t, b, map[string]Sink{"hook": openSink(t, "webhook", fmt.Sprintf(`{"url":%q}`, re.URL))}, nil, e)
	until(t, "both", func() bool { return len(b.delivered("hook")) == 2 })
	stop()
	if all := e.list(); re.count() != 2 || len(all) != 1 || all[0].Kind != soak.EventSink || !strings.Contains(all[0].Text, "alert 1 was refused") {
		t.Errorf("%d requests, events %+v", re.count(), all)
	}
}

func TestPump_WakesForNewAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, wake := boxOf(0), make(chan struct{}, 1)
		var at []time.Time
		stop := pump(t, b, map[string]Sink{"a": sendFunc(func(context.Context, soak.Alert) (bool, error) {
			at = append(at, time.Now())
			return false, nil
		})}, wake, &events{})
		time.Sleep(time.Hour)
		b.add()
		begin := time.Now()
		wake <- struct{}{}
		synctest.Wait()
		if len(at) != 1 || !at[0].Equal(begin) {
			t.Errorf("sent at %v, not at %v", at, begin)
		}
		close(wake) // must not spin
		synctest.Wait()
		stop()
	})
}

func TestPump_SlowSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boxOf(3)
		stop := pump(t, b, map[string]Sink{
			"slow": sendFunc(func(ctx context.Context, _ soak.Alert) (bool, error) { <-ctx.Done(); return true, ctx.Err() }),
			"bad":  sendFunc(func(context.Context, soak.Alert) (bool, error) { return true, errors.New("down") }),
			"good": sendFunc(func(context.Context, soak.Alert) (bool, error) { return false, nil }),
		}, nil, &events{})
		synctest.Wait()
		if got := b.delivered("good"); !slices.Equal(got, []uint64{1, 2, 3}) {
			t.Errorf("delivered %v", got)
		}
		stop()
	})
}

func TestPump_Backoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, e := boxOf(1), &events{}
		var at []time.Time
		stop := pump(t, b, map[string]Sink{"a": sendFunc(func(context.Context, soak.Alert) (bool, error) {
			at = append(at, time.Now())
			if len(at) == 12 {
				return true, &RetryAfter{Wait: 20 * time.Minute, Err: errors.New("busy")}
			}
			return true, errors.New("down")
		})}, nil, e)
		time.Sleep(2 * time.Hour)
		stop()
		for i := 1; i < 12; i++ {
			longest := min(firstWait<<(i-1), longestWait)
			if wait := at[i].Sub(at[i-1]); wait < longest/2 || wait > longest {
				t.Errorf("wait %d is %s, want %s to %s", i, wait, longest/2, longest)
			}
		}
		if wait := at[12].Sub(at[11]); wait != 20*time.Minute {
			t.Errorf("asked to wait 20m, waited %s", wait)
		}
		if all := e.list(); len(all) != 2 || all[0].Kind != soak.EventNote || all[1].Kind != soak.EventSink {
			t.Errorf("events %+v", all)
		}
	})
}

func TestPump_LastAttemptAtEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, e := boxOf(2), &events{}
		down := true
		stop := pump(t, b, map[string]Sink{"a": sendFunc(func(context.Context, soak.Alert) (bool, error) {
			if down {
				return true, errors.New("down")
			}
			return false, nil
		})}, nil, e)
		time.Sleep(time.Hour)
		synctest.Wait()
		down = false
		begin := time.Now()
		stop()
		if got := b.delivered("a"); len(got) != 2 || time.Since(begin) != 0 {
			t.Errorf("delivered %v after %s", got, time.Since(begin))
		}
	})
}

func TestPump_LastAttemptIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		sends := 0
		stop := pump(t, boxOf(2), map[string]Sink{"a": sendFunc(func(ctx context.Context, _ soak.Alert) (bool, error) {
			sends++
			<-ctx.Done()
			return true, ctx.Err()
		})}, nil, e)
		synctest.Wait()
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != lastAttempt {
			t.Errorf("it took %s", took)
		}
		if all := e.list(); len(all) == 0 || all[len(all)-1].Kind != soak.EventSink {
			t.Errorf("events %+v", all)
		}
	})
}
