package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/judge"
)

func (b *bench) texts(kind soak.EventKind) (all []string) {
	for _, e := range b.notes {
		if e.Kind == kind {
			all = append(all, e.Text)
		}
	}
	return all
}

func TestNoteSilence_DriverPauses(t *testing.T) {
	b := newBench()
	play(t, testPlan(5*time.Minute), b, func(chan<- soak.Order) {
		time.Sleep(time.Minute)
		b.mute.Store(true)
		time.Sleep(time.Minute)
		b.mute.Store(false)
	})
	gaps := b.texts(soak.EventGap)
	if len(gaps) != 2 || !strings.Contains(gaps[0], "no report from the load driver for 5 ticks") || !strings.Contains(gaps[1], "is reporting again after") {
		t.Errorf("gaps %q", gaps)
	}
}

func TestNoteSilence_DriverNeverReports(t *testing.T) {
	b := newBench()
	b.mute.Store(true)
	if ended := play(t, testPlan(2*time.Minute), b, nil); ended != soak.EndFinished {
		t.Errorf("ended %q", ended)
	}
	if gaps := b.texts(soak.EventGap); len(gaps) != 1 {
		t.Errorf("gaps %q", gaps)
	}
}

// A target that moves to the background is another process from then on.
func TestTarget_MovesToBackground(t *testing.T) {
	b := newBench()
	play(t, testPlan(2*time.Minute), b, func(chan<- soak.Order) {
		time.Sleep(time.Minute)
		b.pid.Store(8)
		b.events <- soak.Event{Kind: soak.EventNote, Value: 8, Text: "the command put itself into the background"}
	})
	if !slices.Equal(b.opened, []int{1, 7, 8}) {
		t.Errorf("sampled pids %v, want the monitor's, 7 and 8", b.opened)
	}
	if b.count(soak.EventRestart) != 1 {
		t.Error("no restart is noted although the process has changed")
	}
}

// Between the exit and the restart event nothing is sampled, not even the new process.
func TestTarget_NoRowMixesTwoProcesses(t *testing.T) {
	b := newBench()
	b.keep = true
	restart(t, b, testPlan(5*time.Minute), time.Minute)
	exit, again := time.Duration(0), time.Duration(0)
	for _, e := range b.notes {
		switch e.Kind {
		case soak.EventExit:
			exit = e.At
		case soak.EventRestart:
			again = e.At
		}
	}
	for _, row := range b.kept {
		targets := slices.ContainsFunc(row.Samples, func(s soak.Sample) bool { return s.Process == soak.RoleTarget })
		if down := row.At >= exit && row.At < again; targets == down {
			t.Errorf("row at %s, down from %s to %s: target sampled %v", row.At, exit, again, targets)
		}
	}
}

// restart runs a plan in which the target exits at the time after and is back 3 s
// later.
func restart(t *testing.T, b *bench, p soak.Plan, after time.Duration) {
	t.Helper()
	ended := play(t, p, b, func(chan<- soak.Order) {
		time.Sleep(after)
		b.pid.Store(8) // the new process starts before the exit is reported
		b.events <- soak.Event{Kind: soak.EventExit, Text: "ended"}
		time.Sleep(3 * time.Second)
		b.events <- soak.Event{Kind: soak.EventRestart, Value: 8, Text: "restart 1 of 5"}
	})
	if ended != soak.EndFinished {
		t.Errorf("ended %q", ended)
	}
}

func TestTarget_RestartDuringRest(t *testing.T) {
	for _, after := range []time.Duration{2, 5, 127, 130, 132, 135} { // in the baseline, the last rest and the drain
		b := newBench()
		restart(t, b, testPlan(2*time.Minute), after*time.Second)
		if got := b.phases(); got != "baseline warmup steady rest drain" {
			t.Errorf("restart after %d s: phases %q", after, got)
		}
	}
}

func TestSettle_WithoutGoroutines(t *testing.T) {
	b := newBench()
	b.without = "goroutines"
	play(t, testPlan(2*time.Minute), b, nil)
	if notes := b.texts(soak.EventNote); len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
	if n := len(judge.Rests(b.notes)); n != 3 {
		t.Errorf("%d rests, want 3", n)
	}
}

func TestSettle_FlickeringReadings(t *testing.T) {
	b := newBench()
	b.fds = func(at time.Duration) float64 { return 100 + float64(at/time.Second%2) }
	play(t, testPlan(2*time.Minute), b, nil)
	if notes := b.texts(soak.EventNote); len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
}

func TestSettle_NeverSettles(t *testing.T) {
	b := newBench()
	b.fds = func(at time.Duration) float64 { return float64(at / time.Second) }
	play(t, testPlan(2*time.Minute), b, nil)
	notes := b.texts(soak.EventNote)
	if len(notes) != 3 || !strings.Contains(notes[0], "still changing 1 min after the load stopped") {
		t.Errorf("notes %q", notes)
	}
	if n := len(judge.Rests(b.notes)); n != 3 {
		t.Errorf("%d rests, want 3", n)
	}
}

func TestRecorded_PermanentFailureEndsRun(t *testing.T) {
	b := newBench()
	ended, err := playWith(t, testPlan(time.Hour), b, func(chan<- soak.Order) {
		time.Sleep(time.Minute)
		b.full.Store(true)
		time.Sleep(30 * time.Second)
		b.full.Store(false) // within the patience
		time.Sleep(time.Minute)
		b.full.Store(true)
	}, func(*Config) {})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || ended != soak.EndError {
		t.Errorf("ended %q, %v", ended, err)
	}
	if b.rows < 200 || b.rows > 220 {
		t.Errorf("%d rows, want about 211", b.rows)
	}
}
