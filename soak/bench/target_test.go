package bench

import (
	"math"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

func values(v ...float64) (out []soak.Float) {
	for _, f := range v {
		out = append(out, soak.Float(f))
	}
	return out
}

// row makes a row of one protocol with the figures that targets ask for.
func row(name, protocol string, figures map[string][]soak.Float) Row {
	r := Row{Subject: Subject{Name: name, Load: protocol, Protocol: protocol, Server: "builtin", Client: "soak"}, Figures: []Figure{}}
	for _, k := range Kinds {
		if v, ok := figures[k.Name]; ok {
			r.Figures = append(r.Figures, Figure{Name: k.Name, Unit: k.Unit, Estimate: estimate(floats(v)), Values: v})
		}
	}
	return r
}

func all(v float64) map[string][]soak.Float {
	six := values(v, v, v, v, v, v)
	return map[string][]soak.Float{"up": six, "down": six, "echo_p95": six, "connect_p95": six}
}

func TestFinish_DecidesOnEvidence(t *testing.T) {
	bounds := map[string]soak.Bounds{"p": {Throughput: 0.9, Latency: 1.1, Connect: 100 * time.Millisecond}}
	nan := math.NaN()
	good := func() map[string][]soak.Float {
		f := all(1)
		f["connect_p95"] = values(.05, .05, .06, .05, .05, .05)
		return f
	}
	with := func(name string, v ...float64) map[string][]soak.Float {
		f := good()
		f[name] = values(v...)
		return f
	}
	without := good()
	delete(without, "up")
	for _, c := range []struct {
		name    string
		figures map[string][]soak.Float
		judged  bool
		verdict Verdict
		code    int
		reason  string
	}{
		{"all met", good(), true, Met, 0, ""},
		{"not judged", with("up", .1, .1, .1, .1, .1, .1), false, Shown, 0, "up ≥ 0.900× direct TCP: missed"},
		{"missed", with("up", .8, .81, .82, .8, .79, .8), true, Missed, 1, "the whole interval misses it"},
		{"on both sides", with("down", .8, .81, .95, .96, .97, .98), true, Unclear, 3, "lies on both sides"},
		{"a single bad round leaves it open", with("up", .8, 1, 1, 1, 1, 1), true, Unclear, 3, "lies on both sides"},
		{"missed before unclear", with("echo_p95", 2, 2, 2, 2, 2, 2), true, Missed, 1, "echo p95 ≤ 1.10× direct TCP: missed"},
		{"too few rounds", with("up", 1, 1, 1, 1, 1), true, Unclear, 3, "5 rounds are too few"},
		{"a round lacks", with("up", 1, 1, 1, nan, 1, 1), true, Unclear, 3, "5 rounds are too few"},
		{"not measured", without, true, Unclear, 3, "not measured"},
		{"slow connect", with("connect_p95", .2, .2, .2, .2, .2, .2), true, Missed, 1, "connect p95 ≤ 100 ms"},
	} {
		r := Result{Rounds: 6, Rows: []Row{row(Direct, "tcp", all(1)), row("p", "p", c.figures)}}
		r.Finish(c.judged, bounds)
		if r.Verdict != c.verdict || r.ExitCode != c.code || !strings.Contains(strings.Join(r.Reasons, "\n"), c.reason) {
			t.Errorf("%s: %s, exit code %d, %q; want %s, %d, %q", c.name, r.Verdict, r.ExitCode, r.Reasons, c.verdict, c.code, c.reason)
		}
	}
}

func TestFinish_FailedRounds(t *testing.T) {
	eight := values(1, 1, 1, 1, 1, 1, math.NaN(), 1)
	f := map[string][]soak.Float{"up": eight, "down": eight}
	r := Result{Rounds: 6, Rows: []Row{row(Direct, "tcp", all(1)), row("p", "p", f)}}
	r.Rows[1].Figures[0].Missing = "1 of 1 failed: received bytes are not those that were sent"
	r.Finish(true, map[string]soak.Bounds{"p": {Throughput: 0.5}})
	if r.ExitCode != 3 || !strings.Contains(r.Reasons[0], "not those that were sent") {
		t.Errorf("%d %q", r.ExitCode, r.Reasons)
	}
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "p: up (7 of 8 rounds)") {
		t.Error(r.Warnings)
	}
}

func TestFinish_NoTargets(t *testing.T) {
	r := Result{Rounds: 6, Rows: []Row{row(Direct, "tcp", all(1))}}
	if r.Finish(true, DefaultBounds); r.Verdict != Unclear || r.ExitCode != 3 {
		t.Errorf("%s %d", r.Verdict, r.ExitCode)
	}
}

func TestFinish_StressTargetsUnderConditions(t *testing.T) {
	trial := func(value float64, missing string) Row {
		r := row("p", "p", nil)
		r.Trials = []Trial{{Name: "connection_rate", Value: soak.Float(value), Unit: rate, AtLeast: 100, Missing: missing}}
		return r
	}
	for _, c := range []struct {
		row        Row
		conditions *soak.Conditions
		code       int
	}{
		{trial(101, ""), nil, 0},
		{trial(99, ""), nil, 1},
		{trial(math.NaN(), "needs 10200 file descriptors"), nil, 3},
		{trial(99, ""), &soak.Conditions{Rate: 1}, 3}, // no target is left
	} {
		r := Result{Rows: []Row{c.row}, Conditions: c.conditions}
		if r.Finish(true, nil); r.ExitCode != c.code {
			t.Errorf("%+v: exit code %d, want %d: %q", c.row.Trials, r.ExitCode, c.code, r.Reasons)
		}
	}
}
