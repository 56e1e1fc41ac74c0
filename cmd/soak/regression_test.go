package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/report"
	"soakmon/soak/runner"
	"soakmon/soak/runs"
	"soakmon/store"
)

// Four scheduled runs of a plan: the last holds more fds than the three before.
func TestCompareWithEarlier_FindsRegression(t *testing.T) {
	dir := t.TempDir()
	var path string
	for i, fdsPerHour := range []float64{0, 0, 0, 20} {
		path = writeDay(t, dir, "shop", 2*time.Minute, fdsPerHour, dayBegan.Add(time.Duration(i)*24*time.Hour))
		bearing(t, path)
	}
	if err := runner.CompareWithEarlier(dir, path, soak.Plan{Regression: 0.1}, os.Stderr); err != nil {
		t.Fatal(err)
	}
	r, err := runs.Report(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Nights == nil || len(r.Nights.Before) != 3 || r.ExitCode != report.ExitLeak {
		t.Fatalf("exit code %d, %+v", r.ExitCode, r.Nights)
	}
	if !slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.HasPrefix(s, "regressed: fds ") }) {
		t.Errorf("%q", r.Reasons)
	}
	if len(r.Nights.Worse) != 1 {
		t.Errorf("%+v", r.Nights.Worse)
	}
	if !slices.ContainsFunc(r.Alerts, func(a report.Alert) bool { return a.Rule == soak.RegressionRule }) {
		t.Errorf("no alert: %+v", r.Alerts)
	}
}

// bearing lets the run's plan ask for the comparison.
func bearing(t *testing.T, path string) {
	t.Helper()
	w, err := store.Reopen(path, store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	run := w.Run()
	run.Plan.Regression = 0.1
	if err := w.SetRun(run); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
