package terminal

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"soakmon/soak"
	"soakmon/soak/engine"
)

func status() engine.Status {
	nan := soak.Float(math.NaN())
	series := func(metric, unit string, last, slope, half, seen float64, v soak.State) engine.SeriesStatus {
		return engine.SeriesStatus{
			Process: soak.RoleTarget, Metric: metric, Unit: unit, Last: soak.Float(last), Verdict: v, Why: "shown under load", Growth: soak.Growth{Slope: soak.Float(slope), Lo: soak.Float(slope - half), Hi: soak.Float(slope + half),
				MinDetectable: soak.Float(seen)}, Course: []soak.Float{1, 2, nan, 300, 400},
		}
	}
	return engine.Status{
		Run: "20260102T030405Z-tcp-0001", Name: "tcp", Phase: "steady", Elapsed: 45 * time.Minute, Remaining: 15 * time.Minute, Firing: 1,
		Load: []engine.LoadStatus{{Name: "tcp", Protocol: "tcp", Planned: 200, Achieved: 199.96, Done: 540_000, P50: 0.000132, P95: 0.00081, P99: 0.00245}},
		Series: []engine.SeriesStatus{
			series("fds", "count", 5700, 7280, 270, 101, soak.Leaking),
			series("go_heap_live_bytes", "bytes", 4.2e6, 300e3, 200e3, 2e6, soak.Clean),
			{Process: soak.RoleTarget, Metric: "rss_bytes", Unit: "bytes", Last: 2e7, Verdict: soak.Inconclusive, Growth: soak.Growth{Slope: nan, Lo: nan, Hi: nan, MinDetectable: nan}},
			{Process: soak.RoleMonitor, Metric: "fds", Unit: "count", Verdict: soak.Leaking},
		},
		Events: []soak.Event{{At: time.Minute, Kind: soak.EventPhase, Text: "steady load"}, {At: 30 * time.Minute, Kind: soak.EventAlert, Text: "firing: fds grow"}},
	}
}

func screenOf(m model, width, height int) []string {
	m.width, m.height = width, height
	return strings.Split(ansi.Strip(m.View().Content), "\n")
}

func TestView_EverySize(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {80, 15}, {110, 30}, {200, 60}, {66, 20}, {40, 10}, {10, 3}, {0, 0}} {
		m := model{status: status(), options: Options{In: strings.NewReader("")}}
		lines := screenOf(m, size[0], size[1])
		if size[0] > 0 && len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if size[0] > 0 && ansi.StringWidth(l) > size[0] {
				t.Errorf("%v: a line of %d columns: %q", size, ansi.StringWidth(l), l)
			}
		}
		all := strings.Join(lines, "\n")
		if size[0] < 80 && size[0] > 0 {
			continue
		}
		for _, want := range []string{"steady", "15 min left", "1 alert firing", "200/s of 200/s", "p99 2.45 ms", "540,000 done", "fds", "+7280/h", "270", "≥ 101", "LEAK", "soak's own monitor process is growing", "firing: fds grow", "x stop"} {
			if size[1] == 15 && want == "firing: fds grow" {
				continue // no room for events
			}
			if size[0] >= 110 && want == "270" {
				want = "+7010 … +7550"
			}
			if !strings.Contains(all, want) {
				t.Errorf("%v lacks %q:\n%s", size, want, all)
			}
		}
		if wide := strings.Contains(all, "shown under load"); wide != (size[0] >= 140) {
			t.Errorf("%v: why is shown: %v\n%s", size, wide, all)
		}
	}
}

func TestView_ManyLoads(t *testing.T) {
	s := status()
	for i := range 14 {
		s.Load = append(s.Load, engine.LoadStatus{Name: fmt.Sprintf("proxy%d", i), Planned: 10, Achieved: 10, Done: 1000, P50: 1e-3, P95: 2e-3, P99: float64(i) / 1e3})
	}
	s.Load[5].Failed = 7
	all := strings.Join(screenOf(model{status: s, options: Options{In: strings.NewReader("")}}, 80, 24), "\n")
	for _, want := range []string{"15 loads  340/s of 340/s", "554,000 done, 7 failed", "proxy4", "proxy13", "fds", "LEAK", "x stop"} {
		if !strings.Contains(all, want) {
			t.Errorf("it lacks %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "proxy5") {
		t.Errorf("it shows a load like any other:\n%s", all)
	}
}

func TestUpdate_KeysGiveOrders(t *testing.T) {
	for key, want := range map[string]soak.Order{"p": soak.OrderPause, "r": soak.OrderResume, "e": soak.OrderRest, "s": soak.OrderSnapshot, "x": soak.OrderStop} {
		var got soak.Order
		m := model{ctx: t.Context(), options: Options{Act: func(_ context.Context, order soak.Order) error { got = order; return nil }}}
		_, cmd := m.Update(tea.KeyPressMsg{Text: key, Code: rune(key[0])})
		if cmd == nil || cmd() != orderResult(string(want)+": requested") || got != want {
			t.Errorf("key %s gave the order %q, want %q", key, got, want)
		}
	}
	attached := model{options: Options{Attach: true}}
	if _, cmd := attached.Update(tea.KeyPressMsg{Text: "q", Code: 'q'}); cmd == nil {
		t.Error("q does not leave an attached run")
	}
	help, _ := attached.Update(tea.KeyPressMsg{Text: "?", Code: '?'})
	if lines := screenOf(help.(model), 80, 24); !strings.Contains(strings.Join(lines, "\n"), "take profiles of the target now") {
		t.Errorf("no help: %q", lines)
	}
}

func TestView_BeforeFirstStatus(t *testing.T) {
	m, _ := model{}.Update(logLine("starting the built-in tcp server"))
	if all := strings.Join(screenOf(m.(model), 80, 24), "\n"); !strings.Contains(all, "starting the built-in tcp server") {
		t.Error(all)
	}
}
