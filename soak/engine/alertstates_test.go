package engine

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// scripted is a detector that answers by the time of the newest sample.
type scripted func(q soak.Question) soak.State

func (s scripted) Judge(q soak.Question) soak.Verdict {
	v := soak.Verdict{State: s(q), Growth: soak.UnknownGrowth(), Reason: "as scripted"}
	if v.State == soak.Leaking {
		v.Slope, v.Lo, v.Hi = 1e9, 9e8, 11e8
	}
	return v
}

// of returns a detector that says state of one series, and clean of all others.
func of(process, metric string, state func(q soak.Question) soak.State) scripted {
	return func(q soak.Question) soak.State {
		if q.Series.ID == soak.SeriesOf(process, metric) {
			return state(q)
		}
		return soak.Clean
	}
}

func always(s soak.State) func(soak.Question) soak.State {
	return func(soak.Question) soak.State { return s }
}

// alertsOf plays a plan with a detector and returns the alerts as text.
func alertsOf(t *testing.T, p soak.Plan, b *bench, d judge.Detector, change func(*Config)) (all []string) {
	t.Helper()
	_, err := playWith(t, p, b, nil, func(c *Config) {
		c.Detector = d
		if change != nil {
			change(c)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range b.alerts {
		all = append(all, fmt.Sprintf("%s %s %s of %s: %s", a.State, a.Severity, a.Metric, a.Process, a.Reason))
	}
	return all
}

var lasting = regexp.MustCompile(` for \d+ s`)

func TestRun_AlertsAgreeWithTheLastVerdict(t *testing.T) {
	const fires = "firing critical fds of target: grows faster than the allowed 0/h: as scripted"
	for _, c := range []struct {
		name  string
		state func(q soak.Question) soak.State
		want  []string
	}{
		{"a leak to the end keeps its alert", always(soak.Leaking), []string{fires}},
		{"what the end does not confirm is resolved", func(q soak.Question) soak.State {
			if q.Planned == 0 { // only at the end
				return soak.Inconclusive
			}
			return soak.Leaking
		}, []string{fires, "resolved critical fds of target: the growth is no longer certain: as scripted"}},
		{"a leak at the end alone fires", func(q soak.Question) soak.State {
			if q.Planned == 0 {
				return soak.Leaking
			}
			return soak.Inconclusive
		}, []string{fires}},
		{"the detector keeps a leak for which an alert fires", func(q soak.Question) soak.State {
			if q.Fired == 1e9 || q.Look < 8 {
				return soak.Leaking
			}
			return soak.Inconclusive
		}, []string{fires}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := alertsOf(t, testPlan(3*time.Minute), newBench(), of(soak.RoleTarget, "fds", c.state), nil)
			for i := range got { // how long depends on whether a tally or a tick comes first
				got[i] = lasting.ReplaceAllString(got[i], "")
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestRun_AlertResolvedWhenTargetDies(t *testing.T) {
	b := newBench()
	d := of(soak.RoleTarget, "fds", func(q soak.Question) soak.State {
		if q.Planned == 0 {
			return soak.Clean
		}
		return soak.Leaking
	})
	_, err := playWith(t, testPlan(5*time.Minute), b, func(chan<- soak.Order) {
		time.Sleep(2 * time.Minute)
		b.down.Store(true)
		b.events <- soak.Event{Kind: soak.EventCrash, Text: "killed"}
	}, func(c *Config) { c.Detector = d })
	if err != nil || len(b.alerts) != 2 || b.alerts[1].State != soak.Resolved || b.alerts[1].Reason != "no longer grows faster than allowed: as scripted" {
		t.Errorf("%v, alerts %+v", err, b.alerts)
	}
}

func TestRun_OwnProcessesRaiseNothingCritical(t *testing.T) {
	if got := alertsOf(t, testPlan(2*time.Minute), newBench(), of(soak.RoleMonitor, "fds", always(soak.Leaking)), nil); len(got) != 1 ||
		got[0] != "firing warning fds of monitor: grows faster than the allowed 0/h: as scripted" {
		t.Errorf("descriptors of the monitor: %q", got)
	}
	b := newBench()
	b.heap = true
	if got := alertsOf(t, testPlan(2*time.Minute), b, of(soak.RoleTarget, "go_heap_live_bytes", always(soak.Leaking)), nil); len(got) != 1 {
		t.Errorf("live heap of the target: %q", got)
	}
	b = newBench()
	b.heap = true
	if got := alertsOf(t, testPlan(2*time.Minute), b, of(soak.RoleMonitor, "go_heap_live_bytes", always(soak.Leaking)), nil); got != nil {
		t.Errorf("live heap of the monitor: %q", got)
	}
}

// In turns of one load alone the target's descriptors follow that load, and nothing
// fires; growth in addition to that fires.
func TestRun_TurnsRaiseNothing(t *testing.T) {
	p := testPlan(20 * time.Minute)
	p.Isolate, p.Load = true, loadsNamed("abcdefgh")
	b := newBench()
	b.fds = func(time.Duration) float64 {
		for i := len(b.sent) - 1; i >= 0; i-- {
			if c := b.sent[i]; c.Do == soak.DoRate && c.Factor == 1 {
				return 100 + 100*float64(c.Load[0]-'a')
			}
		}
		return 300
	}
	if got := alertsOf(t, p, b, detect.Judge{}, nil); got != nil {
		t.Errorf("%q", got)
	}
	p.Load = loadsNamed("ab")
	b = newBench()
	if got := alertsOf(t, p, b, of(soak.RoleTarget, "fds", always(soak.Leaking)), nil); len(got) != 1 {
		t.Fatalf("%q", got)
	}
	steady, fired := time.Duration(0), time.Duration(0)
	for _, e := range b.notes {
		switch {
		case e.Kind == soak.EventPhase && e.Name == string(soak.PhaseSteady):
			steady = e.At
		case e.Kind == soak.EventAlert:
			fired = e.At
		}
	}
	pair := (p.Duration - p.Warmup) / 4 // eight rounds of two turns
	if late := fired - steady - pair; late < -p.Interval || late > 2*p.Interval {
		t.Errorf("fired %v after the first pair of rounds", late)
	}
}
