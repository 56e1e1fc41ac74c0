package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/report"
)

// selfTestFindsWhatItPlants: one this short leaves the slowly sampled resources
// open, and says so.
func selfTestFindsWhatItPlants(t *testing.T) {
	temp := t.TempDir()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, "selftest", "--duration", "80s", "--format", "json")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its exit code is looked at
	var got selfTest
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.Bytes(), errs.Bytes())
	}
	code := cmd.ProcessState.ExitCode()
	if code != got.ExitCode || (code == 0) != (len(got.Problems) == 0) || code > 1 {
		t.Errorf("exit code %d, in the result %d, problems %v", code, got.ExitCode, got.Problems)
	}
	if !got.Silent || got.Control == soak.Leaking || len(got.Resources) != len(shows) {
		t.Errorf("the control is %s, resources %+v, problems %v", got.Control, got.Resources, got.Problems)
	}
	found := 0
	for _, r := range got.Resources {
		if len(r.Planted) != len(doses) {
			t.Fatalf("%s: %+v", r.Metric, r.Planted)
		}
		most := r.Planted[0]
		if slices.Contains([]string{"fds", "goroutines"}, r.Metric) && off(most.Slope, most.Rate) > 0.05 {
			t.Errorf("%s: planted %v, seen %v: %s", r.Metric, most.Rate, most.Slope, most.Reason)
		}
		if most.Found {
			found++
		}
	}
	if found < 2 {
		t.Errorf("the largest leaks of only %d resources were found: %v", found, got.Problems)
	}
	if !strings.Contains(errs.String(), "5 runs side by side") {
		t.Errorf("no progress on standard error: %q", errs.String())
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

// off is how far a is from b, as a share of b.
func off(a, b soak.Float) float64 { return math.Abs(float64(a/b) - 1) }

func TestAnInterruptedSelfTestProvesNothingAndLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	var out bytes.Buffer
	cmd := exec.Command(binary, "selftest", "--duration", "10m")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	waitFor(t, "five run files", func() bool { return countFiles(temp, ".soak") == 1+len(doses) })
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != report.ExitError || !strings.Contains(out.String(), "interrupted") {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
	unleft(t)
}

// countFiles counts those below a folder whose name ends so.
func countFiles(dir, suffix string) (n int) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		switch {
		case e.IsDir():
			n += countFiles(dir+"/"+e.Name(), suffix)
		case strings.HasSuffix(e.Name(), suffix):
			n++
		}
	}
	return n
}

// ran is a report as a run makes it: with the leaks of a dose planted, and each
// series found or not.
func ran(t *testing.T, d *dose, verdict soak.State, found ...string) report.Report {
	t.Helper()
	r := report.Report{Verdict: verdict, Load: []report.Load{{Achieved: 200}}, Reasons: []string{"why"}}
	r.ExitCode = map[soak.State]int{soak.Clean: 0, soak.Leaking: 1, soak.Inconclusive: 3}[verdict]
	if d != nil {
		leaks, err := parseLeaks(d.leaks(36_000))
		if err != nil {
			t.Fatal(err)
		}
		r.Plan.Target.Leaks = leaks
	}
	for _, s := range shows {
		one := report.Series{Process: soak.RoleTarget, Metric: s.metric, Unit: "count", Verdict: soak.Inconclusive, MinDetectable: 1e12, Reason: "too short"}
		if slices.Contains(found, s.metric) {
			one.Verdict = soak.Leaking
		}
		r.Series = append(r.Series, one)
	}
	return r
}

func TestTheSelfTestIsHonest(t *testing.T) {
	everything := []string{"fds", "goroutines", "threads", "zombies", "go_heap_live_bytes"}
	large, small := &doses[0], &doses[3]
	good := func() []report.Report {
		return []report.Report{ran(t, large, soak.Leaking, everything...), ran(t, small, soak.Leaking, "fds")}
	}
	control := ran(t, nil, soak.Clean)
	dead, mute, unsure := ran(t, nil, soak.Inconclusive), ran(t, nil, soak.Clean), ran(t, small, soak.Inconclusive)
	dead.ExitCode, mute.Series = report.ExitDead, mute.Series[1:]
	unsure.Series[0].MinDetectable = 1
	for name, c := range map[string]struct {
		control report.Report
		leaking []report.Report
		code    int
		silent  bool
		says    string
	}{
		"all found":                {control, good(), 0, true, ""},
		"control undecided":        {ran(t, nil, soak.Inconclusive), good(), 0, true, ""},
		"control blamed":           {ran(t, nil, soak.Leaking, "fds"), good(), 1, false, "not silent: why"},
		"control without load":     {dead, good(), 1, false, "not silent: why"},
		"control without a series": {mute, good(), 1, false, "fds was not judged"},
		"largest missed":           {control, []report.Report{ran(t, large, soak.Leaking, everything[1:]...), ran(t, small, soak.Leaking, "fds")}, 1, true, "fds: the largest planted leak was not found: too short"},
		"nothing ran":              {control, nil, 1, true, "there was no run"},
		"missed above the limit":   {control, append(good(), unsure), 0, true, "fds: 120/h was planted and not found, though from 1/h on"},
	} {
		t.Run(name, func(t *testing.T) {
			got := assess(c.control, c.leaking)
			text := selfTestText(got)
			if got.ExitCode != c.code || got.Silent != c.silent || !strings.Contains(text, c.says) || strings.Contains(text, "FAILED") != (c.code != 0) {
				t.Errorf("exit code %d, silent %v:\n%s", got.ExitCode, got.Silent, text)
			}
		})
	}
	got := assess(control, good())
	fds, goroutines := got.Resources[0], got.Resources[1]
	if off(fds.Smallest, 120) > 1e-9 || off(goroutines.Smallest, 7200+720) > 1e-9 || off(fds.Planted[0].Rate, 7200) > 1e-9 {
		t.Errorf("fds %+v, goroutines %+v", fds, goroutines)
	}
}

func TestDosesFallAndCanBePlanted(t *testing.T) {
	for _, operations := range []float64{8000, 40_000, 17_280_000} {
		before := map[string]float64{}
		for i, d := range doses {
			for _, text := range d.leaks(operations) {
				l, err := plan.ParseLeak(text)
				if err != nil {
					t.Fatal(err)
				}
				rate := l.Amount / float64(l.Operations)
				if i > 0 && rate >= before[l.Kind] {
					t.Errorf("over %v operations: dose %d of %s is no smaller than the one before: %s", operations, i, l.Kind, text)
				}
				before[l.Kind] = rate
			}
		}
	}
}
