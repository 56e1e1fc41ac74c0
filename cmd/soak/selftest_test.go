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
	"soakmon/soak/report"
	"soakmon/soak/selftest"
)

// selfTestFindsWhatItPlants: one this short leaves the slowly sampled resources
// open, and reports it.
func selfTestFindsWhatItPlants(t *testing.T) {
	temp := t.TempDir()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, "selftest", "--duration", "80s", "--format", "json")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its exit code is looked at
	var got selftest.Result
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.Bytes(), errs.Bytes())
	}
	code := cmd.ProcessState.ExitCode()
	if code != got.ExitCode || (code == 0) != (len(got.Problems) == 0) || code > 1 {
		t.Errorf("exit code %d, in the result %d, problems %v", code, got.ExitCode, got.Problems)
	}
	if !got.Silent || got.Control == soak.Leaking || len(got.Resources) != 5 {
		t.Errorf("the control is %s, resources %+v, problems %v", got.Control, got.Resources, got.Problems)
	}
	found := 0
	for _, r := range got.Resources {
		if len(r.Planted) != selftest.Leaking {
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

func TestSelftest_Interrupt(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	var out bytes.Buffer
	program := ownBinary(t)
	cmd := exec.Command(program, "selftest", "--duration", "10m")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	waitFor(t, "five run files", func() bool { return countFiles(temp, ".soak") == 1+selftest.Leaking })
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != report.ExitError || !strings.Contains(out.String(), "interrupted") {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
	unleft(t, program)
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
