package report

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

var update = flag.Bool("update", false, "update the golden files")

func leak(slope soak.Float) soak.Verdict {
	return soak.Verdict{
		State: soak.Leaking, Growth: soak.Growth{Slope: slope, Lo: 0.98 * slope, Hi: 1.02 * slope, PerOperation: slope / 720_000, Follows: soak.FollowsTime, MinDetectable: 12},
		Since: 26 * time.Second, Level: 210, P: 1e-9, Evidence: "both", Reason: "grows by 2 a second",
		Exhaustion: soak.Exhaustion{Limit: 1024, At: 407 * time.Second, Lo: 400 * time.Second},
	}
}

var unknown = soak.Verdict{State: soak.Inconclusive, Growth: soak.UnknownGrowth(), Level: nan, P: 1, Reason: "too few samples"}

// A scenario is the good run with something changed, and the expected verdict.
type scenario struct {
	name   string
	change func(*memory)
	state  soak.State
	exit   int
	reason string // contained in one of the reasons
}

var scenarios = []scenario{
	{"clean", func(*memory) {}, soak.Clean, ExitClean, "no growth above the tolerance in 6 judged resources"},
	{"leak", func(m *memory) {
		m.run.Plan.Target.Leaks = []soak.Leak{{Text: "fd=2/s"}}
		m.says["target fds"] = leak(7200)
		m.profiles[1] = soak.ProfileMeta{Kind: "heap", CPU: 0.02, Took: 7 * time.Millisecond, Pause: 250 * time.Microsecond}
		m.alerts = []soak.Alert{{Rule: "fds of the target", State: soak.Firing, Process: "target", Metric: "fds", At: began.Add(at(60)), Reason: "grows"}}
	}, soak.Leaking, ExitLeak, "target fds: grows by 2 a second; at this rate it reaches its limit of 1020 after 6 min 47 s of the run, 6 min 40 s at the earliest"},
	{"one_series_open", func(m *memory) { m.says["target threads"] = unknown }, soak.Inconclusive, ExitInconclusive, "target threads: too few samples"},
	{"all_nan", func(m *memory) {
		for n := range m.series {
			m.change(n.Process, n.Metric, func(int, float64) float64 { return nan })
		}
	}, soak.Inconclusive, ExitDead, "only 0 of 140 samples of the target were taken"},
	{"empty", func(m *memory) {
		m.series, m.ticks, m.events, m.histograms, m.profiles = nil, nil, nil, nil, nil
		m.run.Ended = ""
	}, soak.Inconclusive, ExitInconclusive, "nothing was sampled"},
	{"empty_but_finished", func(m *memory) { m.series, m.ticks, m.events, m.histograms, m.profiles = nil, nil, nil, nil, nil }, soak.Inconclusive, ExitInconclusive, "only 0 of 120 samples"},
	{"missing_samples", func(m *memory) {
		m.change("target", "rss_bytes", func(second int, v float64) float64 {
			if second%20 == 0 {
				return nan
			}
			return v
		})
	}, soak.Inconclusive, ExitInconclusive, "only 133 of 140 samples of the target were taken (95 %)"},
	{"end_not_written", func(m *memory) { m.cut(100) }, soak.Inconclusive, ExitInconclusive, "only 100 of 120 samples"},
	{"load_97_percent", func(m *memory) {
		m.change("driver", `operations_total{load="tcp"}`, func(_ int, v float64) float64 { return math.Floor(0.97 * v) })
	}, soak.Inconclusive, ExitInconclusive, "load tcp: achieved only 97 % of the planned rate"},
	{"failed_2_percent", func(m *memory) {
		m.change("driver", `failed_operations_total{load="tcp"}`, func(int, float64) float64 { return 490 })
		m.add("driver", `errors_total{kind="reset",load="tcp"}`, func(int) float64 { return 490 })
		for i, text := range []string{"the first", "the server closed the connection: check <max_conns>"} {
			m.event(soak.EventError, soak.Event{Process: soak.RoleDriver, Load: "tcp", Name: "reset", Text: text, At: at(30 + i)})
		}
	}, soak.Inconclusive, ExitInconclusive, "2 % of the operations failed (490 × reset: "},
	{"nothing_succeeded", func(m *memory) {
		m.change("driver", `operations_total{load="tcp"}`, func(int, float64) float64 { return 0 })
	}, soak.Inconclusive, ExitDead, "no operation succeeded"},
	{"no_tallies", func(m *memory) {
		for n := range m.series {
			if n.Process == soak.RoleDriver && n.Metric != "fds" {
				m.drop(n.Process, n.Metric)
			}
		}
	}, soak.Inconclusive, ExitDead, "the driver never reported what the load did"},
	{"driver_silent", func(m *memory) {
		m.change("driver", "operations_total", func(second int, v float64) float64 {
			if second > 60 && second < 80 {
				return nan
			}
			return v
		})
		m.event(soak.EventGap, soak.Event{At: at(66), Process: soak.RoleDriver, Text: "no report from the load driver for 5 ticks; its state is unknown"})
	}, soak.Inconclusive, ExitInconclusive, "the driver reported on only 80 % of the steady load"},
	{"driver_sends_nothing_and_plans_nothing", func(m *memory) {
		m.change("driver", `operations_total{load="tcp"}`, func(_ int, v float64) float64 { return math.Floor(v / 1000) })
		m.add("driver", `planned_operations_total{load="tcp"}`, func(int) float64 { return 24 })
	}, soak.Inconclusive, ExitDead, "load tcp: achieved only 0.1 % of the planned rate"},
	{"load_5_percent_too_much", func(m *memory) {
		m.change("driver", `operations_total{load="tcp"}`, func(_ int, v float64) float64 { return 1.05 * v })
	}, soak.Inconclusive, ExitInconclusive, "load tcp: achieved 210/s, more than the planned 200/s"},
	{"nothing_planned", func(m *memory) { m.run.Plan.Load[0].Rate = 0 }, soak.Inconclusive, ExitInconclusive, "load tcp: the plan asks for no operations"},
	{"too_few_planned_to_call_it_dead", func(m *memory) {
		m.run.Plan.Load[0].Rate = 0.05
		m.change("driver", `operations_total{load="tcp"}`, func(int, float64) float64 { return 0 })
	}, soak.Inconclusive, ExitInconclusive, "load tcp: no operation succeeded"},
	{"no_load", func(m *memory) { m.run.Plan.Load = nil }, soak.Inconclusive, ExitInconclusive, "no load was planned"},
	{"one_of_two_loads_dead", func(m *memory) {
		m.run.Plan.Load = append(m.run.Plan.Load, soak.Workload{Name: "h2", Protocol: "http", Rate: 50})
		m.load("h2", func(int) float64 { return 0 })
	}, soak.Inconclusive, ExitDead, "load h2: no operation succeeded"},
	{"many_loads_of_which_one_fails", func(m *memory) {
		for i, name := range []string{"hysteria2-salamander-udp", "reality", "tuic"} {
			m.run.Plan.Load = append(m.run.Plan.Load, soak.Workload{Name: name, Protocol: "x", Rate: 50})
			m.load(name, func(s int) float64 { return 50 * float64(min(max(s-loadFrom, 0), loadTo-loadFrom)) })
			if i == 2 {
				m.change("driver", `failed_operations_total{load="tuic"}`, func(int, float64) float64 { return 490 })
				m.add("driver", `errors_total{kind="auth",load="tuic"}`, func(int) float64 { return 490 })
				m.event(soak.EventError, soak.Event{Load: "tuic", Name: "auth", Text: "check password", At: at(40)})
			}
		}
	}, soak.Inconclusive, ExitInconclusive, "load tuic: 7.55 % of the operations failed (490 × auth: check password)"},
	{"isolated", func(m *memory) {
		m.run.Plan.Isolate = true
		m.run.Plan.Load = append(m.run.Plan.Load, soak.Workload{Name: "h2", Protocol: "http", Rate: goodRate})
		inTurns(m)
		m.says["target fds"] = leak(1800)
	}, soak.Leaking, ExitLeak, "each of 2 loads ran alone for only part of the time"},
	{"isolated_without_growth", func(m *memory) {
		m.run.Plan.Isolate = true
		m.run.Plan.Load = append(m.run.Plan.Load, soak.Workload{Name: "h2", Protocol: "http", Rate: goodRate})
		inTurns(m)
		m.add("target", "fds", func(int) float64 { return 210 })
	}, soak.Inconclusive, ExitInconclusive, "each of 2 loads ran alone for only part of the time"},
	{"decided_early", func(m *memory) {
		m.run.Ended, m.run.Plan.UntilDecided = soak.EndDecided, true
		m.event(soak.EventDecided, soak.Event{At: at(90), Value: 60})
		m.cut(90)
	}, soak.Clean, ExitClean, "no growth above the tolerance"},
	{"decided_early_but_not_at_the_end", func(m *memory) {
		m.run.Ended, m.run.Plan.UntilDecided = soak.EndDecided, true
		m.event(soak.EventDecided, soak.Event{At: at(90), Value: 60})
		m.cut(90)
		m.says["target fds"] = soak.Verdict{State: soak.Inconclusive, Growth: soak.UnknownGrowth(), Reason: "possible growth"}
	}, soak.Inconclusive, ExitInconclusive, "possible growth"},
	{"interrupted", func(m *memory) { m.run.Ended = "interrupted"; m.cut(80) }, soak.Inconclusive, ExitInconclusive, "the run ended early, after 1 min 20 s (interrupted)"},
	{"interrupted_before_the_load", func(m *memory) { m.run.Ended = "interrupted"; m.cut(5) }, soak.Inconclusive, ExitInconclusive, "load tcp never started"},
	{"monitor_killed", func(m *memory) { m.run.Ended = ""; m.run.End = time.Time{}; m.cut(80) }, soak.Inconclusive, ExitInconclusive, "the monitor was killed: the recording ends after 1 min 20 s"},
	{"running", func(m *memory) { m.run.Ended = ""; m.running = true; m.cut(80) }, soak.Inconclusive, ExitInconclusive, "the run is still in progress: 1 min 20 s recorded so far"},
	{"target_dead", func(m *memory) {
		m.run.Ended = "target dead"
		m.event(soak.EventCrash, soak.Event{At: at(80), Process: soak.RoleTarget, Text: "the target is gone"})
		m.cut(80)
	}, soak.Inconclusive, ExitDead, "the target exited after 1 min 20 s and did not come back"},
	{"driver_dead", func(m *memory) { m.run.Ended = "driver dead"; m.cut(80) }, soak.Inconclusive, ExitInconclusive, "(driver dead)"},
	{"driver_grows", func(m *memory) { m.says["driver fds"] = leak(60) }, soak.Inconclusive, ExitInconclusive, "soak's own driver process is growing: fds"},
	{"monitor_failed", func(m *memory) { m.run.Error = "no space left on device" }, soak.Inconclusive, ExitError, "the monitor failed: no space left on device"},
	{"rule_never_measured", func(m *memory) { m.run.Plan.Rules = []soak.Rule{{Name: "hot", Metric: "queue_length"}} }, soak.Inconclusive, ExitInconclusive, "rule hot needs queue_length, which was never measured"},
	{"rule_of_the_driver_never_measured", func(m *memory) {
		m.run.Plan.Rules = []soak.Rule{{Name: "slow", Process: "driver", Metric: "latency_seconds"}}
	}, soak.Inconclusive, ExitInconclusive, "rule slow needs latency_seconds"},
	{"rule_of_the_driver_missed", func(m *memory) {
		m.run.Plan.Rules = []soak.Rule{{Name: "r", Process: "driver", Metric: "fds"}}
		m.says["driver fds"] = leak(60)
	}, soak.Leaking, ExitLeak, "driver fds: grows"},
	{"rule_of_the_driver_open", func(m *memory) {
		m.run.Plan.Rules = []soak.Rule{{Name: "r", Process: "driver", Metric: "fds"}}
		m.says["driver fds"] = unknown
	}, soak.Inconclusive, ExitInconclusive, "driver fds: too few samples"},
	{"rule_fired", func(m *memory) {
		m.run.Plan.Rules = []soak.Rule{{Name: "r", Metric: "fds"}}
		m.alerts = []soak.Alert{{Rule: "r", State: soak.Firing, Process: "target", Metric: "fds", At: began.Add(at(60)), Reason: "grew"}}
	}, soak.Inconclusive, ExitLeak, "rule r fired at 03:05:05: grew"},
	{"rule_fired_and_resolved", func(m *memory) {
		m.run.Plan.Rules = []soak.Rule{{Name: "r", Metric: "fds"}}
		m.alerts = resolvedAt("r", 60, 90)
	}, soak.Inconclusive, ExitLeak, "rule r fired at 03:05:05: grew; resolved at 03:05:35: flat"},
	{"required_never_measured", func(m *memory) { m.drop("target", "threads") }, soak.Inconclusive, ExitInconclusive, "threads of the target could not be measured"},
	{"goroutines_never_measured", func(m *memory) { m.drop("target", "goroutines") }, soak.Inconclusive, ExitInconclusive, "goroutines of the target could not be measured"},
	{"goroutines_in_the_first_half_only", func(m *memory) {
		m.change("target", "goroutines", func(second int, v float64) float64 {
			if second > 76 {
				return nan
			}
			return v
		})
		m.event(soak.EventProbe, soak.Event{At: at(77), Process: soak.RoleTarget, Name: "goroutines", Value: 1, Text: "probe goroutines fails: connection refused"})
	}, soak.Inconclusive, ExitInconclusive, "target goroutines: measured in only 50 % of the steady load, last at +1 min 16 s"},
	{"idle_target", func(m *memory) { m.change("target", "cpu_seconds_total", func(int, float64) float64 { return 3 }) }, soak.Inconclusive, ExitInconclusive, "is it really the process that serves them?"},
	{"no_cpu_time_measured", func(m *memory) { m.drop("target", "cpu_seconds_total") }, soak.Inconclusive, ExitInconclusive, "CPU time of the target could not be measured"},
	{"never_steady", func(m *memory) {
		m.events = slices.DeleteFunc(m.events, func(e soak.Event) bool { return e.Name == "steady" })
	}, soak.Inconclusive, ExitInconclusive, "only 0 s of steady load"},
	{"paused_for_most_of_it", func(m *memory) {
		m.phase("paused", 40)
		m.phase("warmup", 110)
		m.phase("steady", 115)
		m.change("driver", `operations_total{load="tcp"}`, func(second int, v float64) float64 { return v - goodRate*float64(min(max(second-40, 0), 70)) })
	}, soak.Inconclusive, ExitInconclusive, "only 25 s of steady load; the plan asks for 1 min 32 s"},
	{"watch", func(m *memory) { watched(m) }, soak.Clean, ExitClean, "no growth above the tolerance"},
	{"idle_watch", func(m *memory) {
		watched(m)
		m.change("target", "cpu_seconds_total", func(second int, _ float64) float64 { return float64(second/100) / 100 })
	}, soak.Inconclusive, ExitInconclusive, "an idle process is not evidence"},
	{"seldom_read_sockets", func(m *memory) {
		s := soak.Series{ID: soak.SeriesOf("target", `sockets{state="close_wait"}`), Metric: soak.Metric{Name: "sockets", Unit: "count"}}
		for _, second := range []int{30, 60, 90, 120} {
			s.At, s.Value = append(s.At, at(second)), append(s.Value, 0)
		}
		m.series[s.ID] = s
		m.says["target "+s.ID.Metric] = unknown
	}, soak.Clean, ExitClean, "no growth above the tolerance in 7 judged resources"},
	{"restarted", func(m *memory) {
		m.event(soak.EventRestart, soak.Event{At: at(120), Process: soak.RoleTarget, Value: 4712, Text: "restart 1 of 5: pid 4712"})
		m.change("target", "cpu_seconds_total", func(second int, v float64) float64 {
			if second > 120 {
				return 0.01
			}
			return v
		})
	}, soak.Clean, ExitClean, "no growth above the tolerance"},
	{"an_alert_that_did_not_last", func(m *memory) {
		m.alerts = []soak.Alert{{Rule: "fds of the target", State: soak.Firing, Process: "target", Metric: "fds", At: began.Add(at(60)), Reason: "grew"}}
	}, soak.Clean, ExitClean, "no growth above the tolerance"},
	{"an_alert_that_was_resolved", func(m *memory) { m.alerts = resolvedAt("fds of the target", 60, 90) }, soak.Clean, ExitClean, "no growth above the tolerance"},
}

// resolvedAt is an alert on the target's descriptors that fires at a second of the run
// and is resolved at another one.
func resolvedAt(rule string, fired, resolved int) []soak.Alert {
	a := soak.Alert{Rule: rule, State: soak.Firing, Process: "target", Metric: "fds", At: began.Add(at(fired)), Reason: "grew"}
	b := a
	b.State, b.At, b.Reason = soak.Resolved, began.Add(at(resolved)), "flat"
	return []soak.Alert{a, b}
}

func watched(m *memory) {
	m.run.Command, m.run.Plan.Load, m.run.Plan.Target = "watch", nil, soak.Target{PID: 4711}
	m.events = nil
	m.phase("warmup", 0)
	m.phase("steady", 20)
	for n := range m.series {
		if n.Process == soak.RoleDriver {
			m.drop(n.Process, n.Metric)
		}
	}
}

func (s scenario) build(t *testing.T) Report {
	t.Helper()
	m := goodRun()
	s.change(m)
	r, err := Build(m, m, m.running)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBuild_Verdict(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			r := s.build(t)
			if r.Verdict != s.state || r.ExitCode != s.exit {
				t.Errorf("%s, exit %d; want %s, exit %d", r.Verdict, r.ExitCode, s.state, s.exit)
			}
			if !slices.ContainsFunc(r.Reasons, func(reason string) bool { return strings.Contains(reason, s.reason) }) {
				t.Errorf("no reason says %q:\n%s", s.reason, strings.Join(r.Reasons, "\n"))
			}
			if (r.ExitCode == ExitClean) != (r.Verdict == soak.Clean) {
				t.Errorf("verdict %s with exit %d", r.Verdict, r.ExitCode)
			}
		})
	}
}

// Every scenario has a golden text; four of them also have a golden JSON value.
func TestText_Golden(t *testing.T) {
	whole := []string{"clean", "leak", "empty", "all_nan"}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			r := s.build(t)
			var text, value bytes.Buffer
			if err := Text(&text, r); err != nil {
				t.Fatal(err)
			}
			golden(t, s.name+".txt", text.Bytes())
			if err := JSON(&value, r); err != nil {
				t.Fatal(err)
			}
			if slices.Contains(whole, s.name) {
				golden(t, s.name+".json", value.Bytes())
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the output differs from %s (update it with go test -update):\n%s", path, got)
	}
}

func TestBuild_ExitCodePrecedence(t *testing.T) {
	kinds := []struct {
		exit   int
		change func(*memory)
	}{ // the first one that applies decides
		{ExitError, func(m *memory) { m.run.Error = "disk full" }},
		{ExitLeak, func(m *memory) { m.says["target fds"] = leak(7200) }},
		{ExitDead, func(m *memory) { m.run.Ended = "target dead" }},
		{ExitInconclusive, func(m *memory) { m.says["target threads"] = unknown }},
	}
	for set := range 1 << len(kinds) {
		m, want := goodRun(), ExitClean
		for i := len(kinds) - 1; i >= 0; i-- {
			if set>>i&1 == 1 {
				kinds[i].change(m)
				want = kinds[i].exit
			}
		}
		r, err := Build(m, m, false)
		if err != nil {
			t.Fatal(err)
		}
		if r.ExitCode != want {
			t.Errorf("combination %04b: exit %d, want %d", set, r.ExitCode, want)
		}
		if (r.Verdict == soak.Leaking) != (set>>1&1 == 1) || (r.Verdict == soak.Clean) != (set == 0) {
			t.Errorf("combination %04b: verdict %s", set, r.Verdict)
		}
	}
}

// Even with a detector that calls everything clean, a run must not be clean if any
// single series of the target is lost or ends early.
func TestBuild_LostSeriesIsNeverClean(t *testing.T) {
	ways := map[string]func(m *memory, n soak.SeriesID){
		"lost": func(m *memory, n soak.SeriesID) {
			m.change(n.Process, n.Metric, func(int, float64) float64 { return nan })
		},
		"stopped": func(m *memory, n soak.SeriesID) {
			m.change(n.Process, n.Metric, only(func(second int) bool { return second < 90 }))
		},
		"late": func(m *memory, n soak.SeriesID) {
			m.change(n.Process, n.Metric, only(func(second int) bool { return second > 60 }))
		},
		"measured at rest alone": func(m *memory, n soak.SeriesID) {
			m.change(n.Process, n.Metric, only(func(second int) bool { return second < 20 || second > 126 }))
		},
	}
	for _, n := range goodRun().Names() {
		for way, lose := range ways {
			if n.Process != soak.RoleTarget || n.Metric == "cpu_seconds_total" && way != "lost" {
				continue
			}
			m := goodRun()
			lose(m, n)
			if r, err := Build(m, m, false); err != nil || r.Verdict == soak.Clean {
				t.Errorf("%s of the target %s: %s, %v", n.Metric, way, r.Verdict, err)
			}
		}
	}
}

func only(when func(second int) bool) func(int, float64) float64 {
	return func(second int, v float64) float64 {
		if when(second) {
			return v
		}
		return nan
	}
}

func TestBuild_PlannedRateFollowsSteps(t *testing.T) {
	m := goodRun()
	m.run.Plan.Load = append(m.run.Plan.Load, soak.Workload{Name: "b", Protocol: "tcp", Rate: 100})
	m.load("b", func(second int) float64 { // 100/s, and 50/s from 66 s on
		return 100*float64(min(max(second-loadFrom, 0), 60)) + 50*float64(min(max(second-66, 0), 60))
	})
	m.event(soak.EventRate, soak.Event{At: at(66), Name: "b", Value: 0.5})
	r, err := Build(m, m, false)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := r.Load[0].Planned, r.Load[1].Planned; a != 200 || b != 75 {
		t.Errorf("planned %v and %v, want 200 and 75: the steps of a load must not change the other", a, b)
	}
	if r.Verdict != soak.Clean {
		t.Errorf("%s: %v", r.Verdict, r.Reasons)
	}
}

func TestBuild_LimitsWarningsPerKind(t *testing.T) {
	m := goodRun()
	for i := range 1000 {
		m.events = append(m.events, soak.Event{Kind: soak.EventProbe, Process: "target", At: time.Duration(i) * time.Millisecond * 100, Text: "probe fails"})
	}
	m.sortEvents()
	r, err := Build(m, m, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Warnings) > mostWarnings+2 || !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "990 more events of kind probe") }) {
		t.Errorf("%d warnings: %v", len(r.Warnings), r.Warnings)
	}
	if len(r.Events) < 1000 {
		t.Error("the events themselves are not kept")
	}
}

func TestBuild_WarnsOfRestWithoutSample(t *testing.T) {
	m := goodRun()
	m.events = slices.DeleteFunc(m.events, func(e soak.Event) bool { return e.Kind == soak.EventRest && e.At == at(133) })
	r, err := Build(m, m, false)
	if err != nil || !slices.Contains(r.Warnings, "1 of 3 rests have no sample") {
		t.Errorf("warnings %v, %v", r.Warnings, err)
	}
}
