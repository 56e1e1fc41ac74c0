package engine

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// questionLog is a detector that keeps the questions of the newest look.
type questionLog struct{ asked map[string]soak.Question }

func (c *questionLog) Judge(q soak.Question) soak.Verdict {
	c.asked[q.Series.ID.Process+" "+q.Series.ID.Metric] = q
	return soak.Verdict{State: soak.Clean}
}

// offline is a judge.History over the recording, as a report reads it.
type offline struct {
	b      *bench
	phases []soak.Phase
}

func (o offline) Names() (all []soak.SeriesID) {
	for _, row := range o.b.kept {
		for _, s := range row.Samples {
			if n := s.SeriesID; !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

func (o offline) raw(of soak.SeriesID) soak.Series {
	s := soak.Series{ID: of}
	for _, m := range Metrics() {
		if m.Name == of.Family() {
			s.Metric = m
		}
	}
	for _, row := range o.b.kept {
		for _, sample := range row.Samples {
			if sample.SeriesID == of {
				s.At, s.Value = append(s.At, row.At), append(s.Value, sample.Value)
			}
		}
	}
	for _, e := range o.b.notes {
		if (e.Process == of.Process || e.Process == "") && (e.Kind == soak.EventRestart || e.Kind == soak.EventSuspend) {
			s.Breaks = append(s.Breaks, e.At)
		}
	}
	return s
}

func (o offline) Series(of soak.SeriesID) (soak.Series, error) {
	raw := o.raw(of)
	if len(raw.At) == 0 {
		return raw, errors.New("no such series")
	}
	return detect.Reduce(judge.Steady(raw, o.phases)), nil
}

func (o offline) Value(of soak.SeriesID, at time.Duration) float64 {
	return judge.At(o.raw(of), at)
}

// The questions of the last look of a run are the same as those of a later report.
func TestJudge_LiveEqualsOffline(t *testing.T) {
	p := testPlan(20 * time.Minute)
	p.Rest.Every = 4 * time.Minute
	p.Load[0].Vary = soak.Vary{By: 0.3, Every: 70 * time.Second}
	p.Rules = []soak.Rule{{Name: "r", Process: soak.RoleDriver, Metric: "fds"}}
	b := newBench()
	b.keep = true
	b.fds = func(at time.Duration) float64 { return 210 + float64(at/(7*time.Second)%5) }
	var asleep atomic.Int64
	live := &questionLog{asked: map[string]soak.Question{}}
	ended, err := playWith(t, p, b, func(orders chan<- soak.Order) {
		time.Sleep(100*time.Second + 500*time.Microsecond)
		b.pid.Store(8)
		b.events <- soak.Event{Kind: soak.EventExit}
		time.Sleep(2 * time.Second)
		b.events <- soak.Event{Kind: soak.EventRestart, Value: 8}
		time.Sleep(97*time.Second + 499*time.Millisecond)
		orders <- soak.OrderPause
		time.Sleep(30 * time.Second)
		orders <- soak.OrderResume
		time.Sleep(time.Minute)
		asleep.Store(int64(90*time.Second + 337*time.Millisecond + 250*time.Microsecond))
		time.Sleep(time.Minute)
		orders <- soak.OrderRest
		time.Sleep(2 * time.Second)
		orders <- soak.OrderSnapshot
	}, func(c *Config) {
		c.Detector, c.Asleep = live, func() time.Duration { return time.Duration(asleep.Load()) }
	})
	if ended != soak.EndFinished || err != nil {
		t.Fatalf("ended %q, %v", ended, err)
	}
	end := b.kept[len(b.kept)-1].At
	later := &questionLog{asked: map[string]soak.Question{}}
	o := offline{b, judge.Phases(p.Load, b.notes, end)}
	if _, err := judge.All(o, judge.Run{Plan: p, Events: b.notes, End: end}, later); err != nil {
		t.Fatal(err)
	}
	if len(live.asked) < 4 || len(live.asked) != len(later.asked) {
		t.Errorf("%d questions live and %d later", len(live.asked), len(later.asked))
	}
	for name, q := range live.asked {
		if a, b := fmt.Sprintf("%+v", q), fmt.Sprintf("%+v", later.asked[name]); a != b {
			t.Errorf("%s: live\n%s\nlater\n%s", name, a, b)
		}
	}
	inOrder(t, b)
}

// inOrder checks that the times of rows rise and that those of events never fall.
func inOrder(t *testing.T, b *bench) {
	t.Helper()
	for i := 1; i < len(b.kept); i++ {
		if b.kept[i].At <= b.kept[i-1].At {
			t.Errorf("row at %s after one at %s", b.kept[i].At, b.kept[i-1].At)
		}
	}
	for i := 1; i < len(b.notes); i++ {
		if b.notes[i].At < b.notes[i-1].At {
			t.Errorf("event %s at %s after one at %s", b.notes[i].Kind, b.notes[i].At, b.notes[i-1].At)
		}
	}
}

func TestRun_TicksAlignedAfterSuspend(t *testing.T) {
	b := newBench()
	b.keep = true
	var asleep atomic.Int64
	_, err := playWith(t, testPlan(10*time.Minute), b, func(chan<- soak.Order) {
		time.Sleep(time.Minute)
		asleep.Store(int64(time.Minute + 999*time.Millisecond + 900*time.Microsecond))
	}, func(c *Config) { c.Asleep = func() time.Duration { return time.Duration(asleep.Load()) } })
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	for _, row := range b.kept {
		if row.At%time.Second > 100*time.Millisecond {
			late++
		}
	}
	if late > 1+3*2 { // the tick that notices the suspend, and the rest samples
		t.Errorf("%d of %d rows are not on a whole second", late, len(b.kept))
	}
}

// TestRun_MemoryOverAWeek takes samples every 10 s for a week, with a rest each
// hour. Only the list of rests may grow.
func TestRun_MemoryOverAWeek(t *testing.T) {
	b := &discard{bench: newBench()}
	p := testPlan(7 * 24 * time.Hour)
	p.Interval, p.Rest.Every, p.Profiles.Every = 10*time.Second, time.Hour, 0
	used := map[int]uint64{} // by day
	synctest.Test(t, func(t *testing.T) {
		b.connect()
		from := time.Now()
		_, err := Run(t.Context(), Config{
			ID: "id", Plan: p, Target: b, Driver: silentDriver{b.bench},
			Open: func(p soak.Process) Sampler { return sampler{b.bench, p.Role, from} }, Fetch: fetched,
			Recorder: b, Detector: &questionLog{asked: map[string]soak.Question{}},
			Status: func(s Status) {
				day := int(s.Elapsed / (24 * time.Hour))
				if used[day] == 0 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					used[day] = m.HeapAlloc
				}
			},
		})
		if err != nil {
			t.Error(err)
		}
	})
	if len(used) < 7 {
		t.Fatalf("%d days", len(used))
	}
	if grown := int64(used[6]) - int64(used[2]); grown > 1<<20 {
		t.Errorf("%d bytes more after six days than after two", grown)
	}
}

// discard is a recorder that stores nothing.
type discard struct{ *bench }

func (q *discard) Append(soak.Row) error                     { return nil }
func (q *discard) Note(soak.Event) error                     { return nil }
func (q *discard) PutProfile(soak.ProfileMeta, []byte) error { return nil }
func (q *discard) PutHistogram(soak.Histogram) error         { return nil }
func (q *discard) Enqueue(soak.Alert) error                  { return nil }

// silentDriver is a driver that accepts commands and sends no tallies.
type silentDriver struct{ *bench }

func (silentDriver) Tallies() <-chan soak.Tally { return nil }
func (v silentDriver) Send(soak.Command) error  { return nil }
