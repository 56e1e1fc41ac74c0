package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"soakmon/soak/protocol"
	"soakmon/soak/report"
	"soakmon/soak/runner"
)

// TestRun_LoadsSurviveKilledServer kills the server in mid-run: the loads of all
// protocols continue with the one that is started in its place. No option of theirs
// makes that easier: it has the certificates, keys and credentials of the first.
func TestRun_LoadsSurviveKilledServer(t *testing.T) {
	whole(t)
	t.Parallel()
	path := filepath.Join(t.TempDir(), "restart.yaml")
	if err := os.WriteFile(path, restartPlan(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, dir, out := start(t, "run", path, "--quiet")
	const some = 100 // operations of each load: 4 s, more than the report may be behind
	more := func(than func(i int) int64) func() bool {
		return func() bool {
			for i, l := range sofar(t, dir).Load {
				if l.Operations < than(i)+some {
					return false
				}
			}
			return true
		}
	}
	waitFor(t, "load", func() bool { return len(sofar(t, dir).Load) > 0 })
	waitFor(t, "operations of each load", more(func(int) int64 { return 0 }))
	first := sofar(t, dir)
	seed := seedOf(t, first.Target.PID)
	if err := syscall.Kill(first.Target.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the restart", func() bool { return sofar(t, dir).Evidence.Restarts == 1 })
	second := sofar(t, dir)
	waitFor(t, "each load to continue", more(func(i int) int64 { return second.Load[i].Operations }))
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	notIn(t, dir, seed)
}

// restartPlan has a load of each protocol and network, and of some options.
func restartPlan() []byte {
	var out bytes.Buffer
	out.WriteString("duration: 5m\ntarget: {embedded: tcp, on_exit: {restart: true, backoff: 200ms}}\nload:\n")
	add := func(name, network, options string) {
		fmt.Fprintf(&out, "- {protocol: %s, network: %s, name: %q, options: %s, rate: 25, concurrency: 10, timeout: 3s}\n", name, network, name+network+options, options)
	}
	for _, name := range protocol.Names() {
		p, _ := protocol.Lookup(name)
		for _, network := range p.Networks {
			add(name, network, "{}")
		}
	}
	for _, version := range []string{"h2", "h3"} {
		add("http", "tcp", "{version: "+version+"}")
	}
	add("ech", "tcp", "{inner: trojan}")
	return out.Bytes()
}

// seedOf is the secret of an embedded server.
func seedOf(t *testing.T, pid int) string {
	t.Helper()
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	for variable := range strings.SplitSeq(string(environ), "\x00") {
		if seed, ok := strings.CutPrefix(variable, runner.ReferenceSeed+"="); ok && seed != "" {
			return seed
		}
	}
	t.Fatal("the server was given no seed")
	return ""
}

// notIn checks that no file of a folder holds a secret.
func notIn(t *testing.T, dir, secret string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s holds the seed, or %v", f.Name(), err)
		}
	}
}

// sofar is the report of a running run; it is empty before there is one.
func sofar(t *testing.T, dir string) (r report.Report) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(binary, "report", "last", "--dir", dir, "--format", "json")
	cmd.Stdout = &out
	_ = cmd.Run() // its exit code is the run's
	if err := json.Unmarshal(out.Bytes(), &r); out.Len() > 0 && err != nil {
		t.Fatalf("%v: %q", err, out.String())
	}
	return r
}
