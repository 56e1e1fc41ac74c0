package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"soakmon/soak/bench"
)

// benchOf runs soak bench and gives its result, what it said and its exit code.
func benchOf(t *testing.T, args ...string) (r bench.Result, said string, code int) {
	t.Helper()
	return benchOfProgram(t, binary, args...)
}

func benchOfProgram(t *testing.T, program string, args ...string) (r bench.Result, said string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, append([]string{"bench", "--format", "json"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("soak bench %q: %v\n%s\n%s", args, err, out.Bytes(), errs.Bytes())
		}
	}
	return r, errs.String(), cmd.ProcessState.ExitCode()
}

func TestBench_MeasuresProcessesAndStoresResult(t *testing.T) {
	whole(t)
	dir, program := t.TempDir(), ownBinary(t)
	r, said, code := benchOfProgram(t, program, "--protocols", "http", "--duration", "2s", "--cpu-profile", "--dir", dir)
	if code != 0 || r.Verdict != bench.Shown || len(r.Rows) != 3 || r.Rounds != 6 {
		t.Fatalf("exit code %d, %s, %d rows: %s", code, r.Verdict, len(r.Rows), said)
	}
	for _, row := range r.Rows {
		for _, f := range row.Figures {
			if strings.HasSuffix(f.Name, "_p99") || strings.HasSuffix(f.Name, "_memory") {
				continue // few echoes in a short round; few samples
			}
			if f.N != 6 || !f.Interval() || f.Missing != "" || !(f.Median > 0) {
				t.Errorf("%s %s: %+v", row.Name, f.Name, f)
			}
			if row.Name == "http" && (f.Direct == nil || !f.Direct.Interval() || f.Relay == nil) {
				t.Errorf("%s %s has no ratio: %+v", row.Name, f.Name, f)
			}
		}
		if idle, _ := row.Figure("idle_memory"); !(idle.Median > 4<<10) || idle.N != 3 {
			t.Errorf("%s: memory of a connection: %+v", row.Name, idle)
		}
		if len(row.Hot) < 2 || row.Hot[0].Share <= 0 {
			t.Errorf("%s: no hot functions: %+v %v", row.Name, row.Hot, row.Notes)
		}
	}
	unleft(t, program)

	list, err := exec.Command(binary, "runs", "--dir", dir).CombinedOutput()
	if err != nil || !strings.Contains(string(list), r.Run) || !strings.Contains(string(list), "shown") {
		t.Errorf("%v: %s", err, list)
	}
	for format, want := range map[string]string{"json": r.Run, "text": "Throughput", "markdown": "## Throughput", "html": "<svg", "gobench": "BenchmarkSoak/protocol=http/"} {
		out, err := exec.Command(binary, "bench", "last", "--dir", dir, "--format", format).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, no %q in\n%s", format, err, want, out)
		}
	}
	if out, err := exec.Command(binary, "report", "--dir", dir).CombinedOutput(); err != nil || !strings.Contains(string(out), "Throughput") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.Command(binary, "verify", "--dir", dir).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestBench_RejectsInvalidFlags(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"unknown protocol": {"--protocols", "morse"}, "--duration": {"--duration", "soon"}, "--conditions": {"--conditions", "speed=1"},
		"nowhere": {"--servers", "nowhere.yaml"}, "no such run": {"nosuch"}, "if any flags in the group": {"--full", "--stress"},
		"unknown server": {"--servers", "nosuch"}, "unknown client": {"--clients", "nosuch"},
	} {
		if _, said, code := benchOf(t, append(args, "--dir", t.TempDir())...); code != 2 || !strings.Contains(said, want) {
			t.Errorf("%q: exit code %d, %q", args, code, said)
		}
	}
}

func TestBench_EnforcedWithoutTargets(t *testing.T) {
	t.Parallel()
	if r, said, code := benchOf(t, "--baseline", "--enforce", "--rounds", "1", "--duration", "500ms", "--dir", t.TempDir()); code != 3 || r.ExitCode != 3 || r.Verdict != bench.Unclear {
		t.Errorf("exit code %d, %s: %s", code, r.Verdict, said)
	}
}

func TestBench_ExitCodeOfPlanTargets(t *testing.T) {
	whole(t)
	t.Parallel()
	for latency, want := range map[string]int{"1%": 1, "100000%": 0} {
		t.Run(latency, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "plan.yaml")
			text := "name: small\ntarget: {embedded: http}\nload: [{protocol: http, rate: 1}]\nbench: {http: {latency: " + latency + "}}\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, said, code := benchOf(t, "--servers", path, "--enforce", "--duration", "500ms", "--dir", dir)
			if len(r.Rows) != 3 {
				t.Fatal(said)
			}
			if code != want || len(r.Rows[2].Targets) != 1 || r.Rows[2].Server != "small" {
				t.Errorf("exit code %d, want %d: %+v\n%s", code, want, r.Rows[2].Targets, said)
			}
			if idle, _ := r.Rows[2].Figure("idle_memory"); idle.N != 1 {
				t.Errorf("memory of a server that is there once: %+v", idle)
			}
		})
	}
}

func TestBench_ConditionsApplyToDirectTCP(t *testing.T) {
	whole(t)
	t.Parallel()
	r, said, code := benchOf(t, "--protocols", "socks", "--conditions", "delay=5ms", "--rounds", "1", "--duration", "500ms", "--dir", t.TempDir())
	if code != 3 || !r.Judged || len(r.Rows) != 3 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	for _, row := range r.Rows {
		if f, _ := row.Figure("echo_p50"); !(f.Median > 0.010) {
			t.Errorf("%s: an echo took %v s through 5 ms each way", row.Name, f.Median)
		}
	}
}
