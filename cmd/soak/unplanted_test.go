package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/report"
)

// A server with few descriptors cannot leak as many as it is told to.
func TestALeakThatCannotBePlantedIsTold(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	cmd := exec.Command("sh", "-c", `ulimit -n 256 && exec "$0" "$@"`, binary, "run", "--dir", t.TempDir(), "--duration", "10s", "--leak", "fd=1000/s", "--format", "json")
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its exit code is looked at
	var r report.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.Bytes(), errs.Bytes())
	}
	if len(r.Unplanted) != 1 || r.Unplanted[0].Kind != "fd" || r.Unplanted[0].Steps < 10 || !strings.Contains(r.Unplanted[0].Why, "too many open files") {
		t.Errorf("%+v", r.Unplanted)
	}
	if r.Verdict == soak.Clean || !slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.Contains(s, "could not be planted") }) {
		t.Errorf("%s: %v", r.Verdict, r.Reasons)
	}
}

func TestWhatWasNotPlantedCountsAsNeitherFoundNorMissed(t *testing.T) {
	l, err := plan.ParseLeak("fd=1/10op")
	if err != nil {
		t.Fatal(err)
	}
	r := report.Report{
		Load: []report.Load{{Achieved: 100}}, Series: []report.Series{{Process: soak.RoleTarget, Metric: "fds", Verdict: soak.Leaking}},
		Plan: soak.Plan{Target: soak.Target{Leaks: []soak.Leak{l}}}, Unplanted: []report.Unplanted{{Kind: "fd", Steps: 10, Why: "too many open files"}},
	}
	if p := plantedIn(r, "fds", []string{"fd"}); p.Found || !math.IsNaN(float64(p.Rate)) {
		t.Errorf("%+v", p)
	}
	if got := assess(r, []report.Report{r}); !slices.ContainsFunc(got.Problems, func(s string) bool { return strings.Contains(s, "not planted: 10 or more steps") }) {
		t.Errorf("%q", got.Problems)
	}
}

func TestFailuresAreToldAtEachTenfold(t *testing.T) {
	var log bytes.Buffer
	f := &failures{steps: map[string]int64{}, log: &log}
	for range 1234 {
		f.add("fd", errors.New("too many open files"))
	}
	if n := strings.Count(log.String(), "\n"); n != 4 || !strings.Contains(log.String(), "fd: 1000 steps") {
		t.Errorf("%d lines: %s", n, log.String())
	}
}
