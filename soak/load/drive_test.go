package load

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
)

// inVirtualTime runs a test of a driver over memory.
func inVirtualTime(t *testing.T, m *memory, f func(*driven)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(drive(t, DriveOptions{Open: m.open, Pprof: "http://x/debug/pprof/", sleepUntil: sleepByTimer}))
		if !m.shut.Load() {
			t.Error("the opener was not closed")
		}
		if len(m.opened) != len(m.closed) {
			t.Errorf("%d sessions were opened and %d closed", len(m.opened), len(m.closed))
		}
	})
}

func virtual(rate float64, concurrency, perSession int) soak.Workload {
	return soak.Workload{Name: "v", Protocol: "memory", Rate: rate, Concurrency: concurrency, PerSession: perSession, Timeout: time.Second}
}

// after takes tallies for as long as d.
func (d *driven) after(span time.Duration) soak.LoadTally {
	d.t.Helper()
	end := time.Now().Add(span)
	return d.until("time", func(t soak.Tally) bool { return !t.Wall.Before(end) }).Loads[0]
}

func TestDrive_DayOfLoad(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		d.start(10*time.Minute, virtual(1, 20, 0))
		d.after(time.Hour)
		early := liveHeap()
		day := d.after(23 * time.Hour)
		if grown := int64(liveHeap()) - int64(early); grown > 256<<10 {
			t.Errorf("the live heap grew by %d bytes in 82,800 operations", grown)
		}
		const want = 24*3600 + 1
		if day.Due != want || day.Operations < want-1 || day.Failed+day.Late != 0 {
			t.Errorf("a day at 1/s: %+v, want %d operations", day, want)
		}
		if day.Sent != 10*day.Operations || day.Received != 20*day.Operations || day.Sessions != 20 || day.Open != 20 {
			t.Errorf("a day at 1/s: %+v", day)
		}
		if lag := decode(t, d.last.Pacer).Max(); lag > 2 {
			t.Errorf("pacing lag is %d ns in virtual time", lag)
		}
		d.stop()
	})
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestDrive_FirstTally(t *testing.T) {
	var m memory
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, DriveOptions{Open: m.open, Pprof: "http://x/debug/pprof/", sleepUntil: sleepByTimer})
		if d.last.Seq != 0 || d.last.Pprof != "http://x/debug/pprof/" || d.last.Loads != nil {
			t.Errorf("first tally: %+v", d.last)
		}
		if last := d.stop(); last.Seq != 1 || last.Pprof != "" {
			t.Errorf("last tally: %+v", last)
		}
	})
}

func TestDrive_KeptSessions(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		d.start(time.Second, virtual(1, 200, 0))
		d.after(3 * time.Second)
		opened := m.times(&m.opened)
		for i, at := range opened[1:] {
			if gap := at.Sub(opened[i]); gap < 4*time.Millisecond || gap > 8*time.Millisecond {
				t.Fatalf("session %d opened %v after the one before", i+2, gap)
			}
		}
		if open := d.after(time.Minute).Open; open != 200 || len(opened) != 200 {
			t.Errorf("%d sessions open of %d opened", open, len(opened))
		}
		d.stop()
	})
}

func TestDrive_SessionsOfManyOperations(t *testing.T) {
	for _, perSession := range []int{2, 10, 50} {
		t.Run(fmt.Sprint(perSession), func(t *testing.T) {
			var mu sync.Mutex
			counts := map[uint64]int{}
			m := memory{serve: func(session, _ uint64) error {
				mu.Lock()
				defer mu.Unlock()
				counts[session]++
				return nil
			}}
			inVirtualTime(t, &m, func(d *driven) {
				d.start(10*time.Second, virtual(50, 50, perSession))
				d.after(time.Duration(perSession)*time.Second + 10*time.Second)
				before, old := d.last.Loads[0], len(m.times(&m.closed))
				after := d.after(time.Duration(10*perSession) * time.Second)
				rounds := float64(after.Due-before.Due) / float64(50*perSession)
				if got := after.Sessions - before.Sessions; math.Abs(float64(got)-50*rounds) > 1 {
					t.Errorf("%d sessions in %.1f rounds of 50 × %d operations", got, rounds, perSession)
				}
				if most, want := busiest(m.times(&m.closed)[old:], time.Second), 50/perSession+1; most > want {
					t.Errorf("%d of 50 sessions ended within a second, want at most %d", most, want)
				}
				if want := 50 - int64(50/perSession) - 1; after.Open < want {
					t.Errorf("%d sessions open, want %d", after.Open, want)
				}
				d.stop()
			})
			for session, n := range counts {
				if n > perSession {
					t.Fatalf("session %d carried %d operations", session, n)
				}
			}
		})
	}
}

// busiest is the largest number of times within a span.
func busiest(times []time.Time, span time.Duration) (most int) {
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestDrive_SessionPerOperation(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		d.start(time.Second, virtual(100, 10, 1))
		got := d.after(10 * time.Second)
		if got.Sessions < 1000 || got.Sessions > 1001 || got.Operations != got.Sessions || got.Open != 0 {
			t.Errorf("%+v", got)
		}
		d.stop()
	})
}

func TestDrive_StalledServer(t *testing.T) {
	stall := time.Now() // set below, in virtual time
	m := memory{serve: func(_, n uint64) error {
		if n >= 1000 {
			time.Sleep(time.Until(stall))
		}
		return nil
	}}
	inVirtualTime(t, &m, func(d *driven) {
		stall = time.Now().Add(20 * time.Second) // operation 1000 is due at 10 s
		d.start(time.Minute, virtual(100, 50, 0))
		d.send(soak.Command{Do: soak.DoPause})
		d.send(soak.Command{Do: soak.DoStart})
		got := d.until("a minute", func(t soak.Tally) bool { return len(t.Loads) > 0 && t.Loads[0].Due > 1000 }).Loads[0]
		if got.Late < 940 || got.Late > 960 || got.Operations+got.Late < got.Due-1 || got.Failed != 0 {
			t.Errorf("%+v, want 950 late", got)
		}
		latency := decode(t, got.Latency)
		if max := time.Duration(latency.Max()); max < 9990*time.Millisecond || max > 10100*time.Millisecond {
			t.Errorf("longest latency is %v, want 10 s", max)
		}
		if n := latency.TotalCount(); n != got.Operations {
			t.Errorf("%d latencies of %d operations", n, got.Operations)
		}
		d.stop()
	})
}

func TestDrive_SuspendedPacer(t *testing.T) {
	var m memory
	synctest.Test(t, func(t *testing.T) {
		stall := time.Now().Add(10 * time.Second)
		d := drive(t, DriveOptions{Open: m.open, sleepUntil: func(at time.Time) {
			if at.After(stall) {
				at, stall = at.Add(5*time.Second), at.Add(time.Hour)
			}
			sleepByTimer(at)
		}})
		d.start(time.Minute, virtual(10, 50, 0))
		got := d.next().Loads[0]
		if got.Late < 39 || got.Late > 41 || got.Operations+got.Late < got.Due-1 || got.Due < 599 {
			t.Errorf("5 s of standing still at 10/s: %+v, want 40 late", got)
		}
		d.stop()
	})
}

func TestDrive_LatencyAndService(t *testing.T) {
	m := memory{
		dial:  func(uint64) error { time.Sleep(500 * time.Millisecond); return nil },
		serve: func(uint64, uint64) error { time.Sleep(100 * time.Millisecond); return nil },
	}
	inVirtualTime(t, &m, func(d *driven) {
		d.start(10*time.Second, virtual(1, 5, 1))
		got := d.next().Loads[0]
		for name, c := range map[string]struct {
			data soak.Times
			want time.Duration
		}{"latency": {got.Latency, 600 * time.Millisecond}, "service": {got.Service, 100 * time.Millisecond}, "connect": {got.Connect, 500 * time.Millisecond}} {
			h := decode(t, c.data)
			if low, high := time.Duration(h.Min()), time.Duration(h.Max()); low < c.want*99/100 || high > c.want*101/100 {
				t.Errorf("%s is %v to %v, want %v", name, low, high, c.want)
			}
		}
		d.stop()
	})
}

func TestDrive_PauseDrainResume(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		d.start(time.Second, virtual(10, 5, 0))
		d.after(10500 * time.Millisecond)
		d.send(soak.Command{Do: soak.DoPause})
		paused := d.await("paused").Loads[0]
		resting := d.after(time.Hour)
		if resting.Due != paused.Due || resting.Operations != paused.Due || resting.Open != 5 || resting.InFlight != 0 {
			t.Errorf("paused with %+v, an hour later %+v", paused, resting)
		}
		d.send(soak.Command{Do: soak.DoStart})
		loaded := d.after(100 * time.Second)
		if got := loaded.Due - resting.Due; got < 999 || got > 1001 {
			t.Errorf("%d operations due in 100 s at 10/s", got)
		}
		if loaded.Sessions != 5 {
			t.Errorf("a pause cost sessions: %+v", loaded)
		}
		d.send(soak.Command{Do: soak.DoDrain})
		if drained := d.await("drained").Loads[0]; drained.Open != 0 || drained.Sessions != 5 {
			t.Errorf("drained: %+v", drained)
		}
		d.send(soak.Command{Do: soak.DoStart})
		if again := d.after(10 * time.Second); again.Open != 5 || again.Sessions != 10 || again.Late+again.Failed != 0 {
			t.Errorf("after the drain: %+v", again)
		}
		d.stop()
	})
}

func TestDrive_PauseWaits(t *testing.T) {
	m := memory{serve: func(_, n uint64) error { time.Sleep(2500 * time.Millisecond); return nil }}
	inVirtualTime(t, &m, func(d *driven) {
		d.start(time.Second, virtual(1, 10, 0))
		d.after(5500 * time.Millisecond)
		d.send(soak.Command{Do: soak.DoPause})
		if pausing := d.await("pausing").Loads[0]; pausing.InFlight == 0 {
			t.Errorf("pausing with nothing under way: %+v", pausing)
		}
		if paused := d.await("paused").Loads[0]; paused.InFlight != 0 || paused.Operations != paused.Due {
			t.Errorf("paused: %+v", paused)
		}
		d.stop()
	})
}

func TestDrive_RateSteps(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		other := virtual(10, 5, 0)
		other.Name = "other"
		d.start(10*time.Second, virtual(10, 5, 0), other)
		d.after(100 * time.Second)
		want := float64(d.last.Loads[0].Due)
		for _, factor := range []float64{1.3, 0.7, 0, 3, 1} {
			begun := d.last.Loads[0].Due
			d.send(soak.Command{Do: soak.DoRate, Load: "v", Factor: factor})
			d.after(100 * time.Second)
			want += 1000 * factor
			if got := float64(d.last.Loads[0].Due); math.Abs(got-want) > 2 {
				t.Errorf("factor %v: due %v, want %v (from %d)", factor, got, want, begun)
			}
		}
		if got := d.last.Loads[1].Due; got < 5990 || got > 6020 {
			t.Errorf("the other load has %d due, want 6,000", got)
		}
		if d.last.Loads[0].Late > 0 {
			t.Errorf("late: %+v", d.last.Loads[0])
		}
		d.stop()
	})
}

// A load at a rate of 0 has no sessions, through a pause as well, and has them
// again with its rate.
func TestDrive_RateZero(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		d.start(10*time.Second, virtual(10, 5, 0))
		open := func(what string, want int64) {
			t.Helper()
			got := d.after(30 * time.Second)
			if got.Open != want || got.Failed != 0 || got.Late != 0 {
				t.Errorf("%s: %+v", what, got)
			}
		}
		rate := func(factor float64) { d.send(soak.Command{Do: soak.DoRate, Load: "v", Factor: factor}) }
		open("at first", 5)
		rate(0)
		open("at 0", 0)
		d.send(soak.Command{Do: soak.DoPause})
		d.await("paused")
		d.send(soak.Command{Do: soak.DoStart})
		open("at 0, after a pause", 0)
		before := d.last.Loads[0].Due
		rate(1)
		open("at 1 again", 5)
		if due := d.last.Loads[0].Due - before; due < 290 || due > 310 {
			t.Errorf("%d operations were due in 30 s, want 300", due)
		}
		rate(0)
		d.send(soak.Command{Do: soak.DoPause})
		d.await("paused")
		rate(1)
		open("a rate given in a pause", 0)
		d.send(soak.Command{Do: soak.DoStart})
		open("after the pause", 5)
		d.stop()
	})
}
