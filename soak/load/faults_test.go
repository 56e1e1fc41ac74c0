package load

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gonum.org/v1/gonum/stat"

	"soakmon/soak"
)

// Of 10,000 sessions 1,000 and 500 are drawn, give or take four standard
// deviations. The two kinds vary over blocks of 10 s at random and
// independently: that is how growth with either is distinguished.
func TestDrive_DirtyShare(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		w := virtual(100, 50, 10)
		w.Dirty = map[string]float64{"rst": 0.1, "silent": 0.05}
		d.start(10*time.Second, w)
		begun := time.Now()
		got := d.after(1000 * time.Second)
		blocks := map[string][]float64{"rst": make([]float64, 101), "silent": make([]float64, 101)}
		at := m.times(&m.dirtAt)
		for i, kind := range m.kinds() {
			blocks[kind][int(at[i].Sub(begun)/(10*time.Second))]++
		}
		for kind, want := range map[string]float64{"rst": 1000, "silent": 500} {
			n := float64(got.Dirty[kind])
			mean, deviation := stat.MeanStdDev(blocks[kind][:100], nil)
			if dispersion := deviation * deviation / mean; math.Abs(n-want) > 4*math.Sqrt(want) || dispersion < 0.5 || dispersion > 1.7 {
				t.Errorf("%v dirty sessions of kind %s, want %v; over blocks their variance is %.2f of their mean", n, kind, want, dispersion)
			}
		}
		if r := stat.Correlation(blocks["rst"][:100], blocks["silent"][:100], nil); math.Abs(r) > 0.4 {
			t.Errorf("the kinds go together: correlation %.2f", r)
		}
		if got.Failed != 0 || got.Operations < 99_990 {
			t.Errorf("%+v", got)
		}
		begun = time.Now()
		d.send(soak.Command{Do: soak.DoDrain})
		if d.stop(); time.Since(begun) > 500*time.Millisecond {
			t.Errorf("dirty sessions held a drain up for %v", time.Since(begun))
		}
	})
}

func TestDrive_DirtyBounded(t *testing.T) {
	var m memory
	inVirtualTime(t, &m, func(d *driven) {
		w := virtual(100, 5, 0)
		w.Dirty = map[string]float64{"silent": 1}
		d.start(time.Second, w)
		warned := d.until("a warning", func(t soak.Tally) bool { return t.Warning != "" })
		if !strings.Contains(warned.Warning, "limit of") {
			t.Errorf("warning: %q", warned.Warning)
		}
		d.after(10 * time.Second)
		if n := len(m.kinds()); n > 5*15 {
			t.Errorf("%d dirty sessions of 1 s in 10 s, want at most 5 at a time", n)
		}
		d.stop()
	})
}

func TestDrive_FailuresByKind(t *testing.T) {
	var up atomic.Bool
	m := memory{dial: func(uint64) error {
		if !up.Load() {
			return fmt.Errorf("dial: %w", syscall.ECONNREFUSED)
		}
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, DriveOptions{Open: m.open, sleepUntil: sleepByTimer})
		d.start(time.Second, virtual(10, 2, 0))
		down := d.after(60 * time.Second)
		if down.Failed < down.Due-1 || down.Errors["refused"] != down.Failed || down.Operations != 0 || !strings.Contains(down.Examples["refused"], "refused") {
			t.Errorf("server down: %+v", down)
		}
		if dials := len(m.times(&m.opened)); dials > 2*(60/2+8) {
			t.Errorf("%d dials in a minute for 2 sessions: no back-off", dials)
		}
		up.Store(true)
		d.after(3 * time.Second)
		again := d.after(60 * time.Second)
		if again.Failed > down.Failed+45 || again.Open != 2 || again.Operations < 570 {
			t.Errorf("server up again: %+v", again)
		}
		d.stop()
	})
}

func TestDrive_FailedOperation(t *testing.T) {
	m := memory{serve: func(_, n uint64) error {
		if n == 50 {
			return fmt.Errorf("read: %w", io.EOF)
		}
		return nil
	}}
	inVirtualTime(t, &m, func(d *driven) {
		d.start(time.Second, virtual(10, 2, 0))
		got := d.after(20 * time.Second)
		if got.Failed != 1 || got.Errors["eof"] != 1 || got.Sessions != 3 || got.Open != 2 {
			t.Errorf("%+v", got)
		}
		d.stop()
	})
}

func TestDrive_StaleSession(t *testing.T) {
	m := memory{}
	m.serve = func(session, n uint64) error {
		if session == 1 && n >= 20 {
			return fmt.Errorf("h1: %w", ErrStale)
		}
		return nil
	}
	inVirtualTime(t, &m, func(d *driven) {
		d.start(time.Second, virtual(10, 1, 0))
		if got := d.after(20 * time.Second); got.Failed != 0 || got.Sessions != 2 || got.Operations < 200 {
			t.Errorf("%+v", got)
		}
		d.stop()
	})
}

func TestDrive_MonitorGone(t *testing.T) {
	m := memory{}
	synctest.Test(t, func(t *testing.T) {
		d := drive(t, DriveOptions{Open: m.open, sleepUntil: sleepByTimer})
		d.start(time.Second, virtual(10, 5, 0))
		d.after(5 * time.Second)
		d.in.Close()
		d.await("stopped")
		if err := <-d.ended; err != nil {
			t.Error(err)
		}
		if len(m.opened) != 5 || len(m.closed) != 5 {
			t.Errorf("%d sessions opened, %d closed", len(m.opened), len(m.closed))
		}
	})
}

func TestDrive_HangingSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		m := memory{serve: func(uint64, uint64) error { <-hang; return io.EOF }}
		d := drive(t, DriveOptions{Open: m.open, sleepUntil: sleepByTimer})
		d.start(time.Second, virtual(10, 1, 0))
		d.after(2 * time.Second)
		d.in.Close()
		if err := <-d.ended; err == nil || !strings.Contains(err.Error(), "did not end") {
			t.Errorf("ended with %v", err)
		}
		close(hang)
	})
}

func TestDrive_BadCommands(t *testing.T) {
	good := virtual(1, 1, 0)
	dirty := good
	dirty.Dirty = map[string]float64{"rst": 1}
	for text, want := range map[string]string{
		`{"do":"dance"}`:              `unknown command "dance"`,
		`nonsense`:                    "read a command",
		`{"do":"start","loads":[{}]}`: "invalid interval 0s",
		`{"do":"rate","factor":-1}`:   "invalid rate factor -1",
		`{"do":"start","interval":1000000000,"loads":[{"name":"a","rate":-1,"concurrency":1}]}`:                                 `load "a": rate is -1`,
		`{"do":"start","interval":1000000000,"loads":[{"name":"a","rate":1}]}`:                                                  "concurrency is 0",
		`{"do":"start","interval":1000000000,"loads":[{"name":"a","rate":1,"concurrency":1,"requests_per_session":-1}]}`:        "requests_per_session is -1",
		`{"do":"start","interval":1000000000,"loads":[{"name":"none"}]}`:                                                        `load "none": broken`,
		`{"do":"start","interval":1000000000,"loads":[{"name":"a","protocol":"p","rate":1,"concurrency":1,"dirty":{"rst":1}}]}`: "has no dirty sessions",
	} {
		rest, never := io.Pipe()
		in := io.MultiReader(strings.NewReader(text+"\n"), rest)
		err := Drive(context.Background(), in, io.Discard, DriveOptions{Open: func(w soak.Workload) (Opener, error) {
			if w.Name == "none" {
				return nil, errBroken
			}
			return clean{}, nil
		}})
		never.Close()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// clean is an opener without dirty sessions.
type clean struct{}

func (clean) Open(context.Context) (Session, error) { return nil, errBroken }
func (clean) Close() error                          { return nil }
