package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"soakmon/soak/report"
)

// TestLoadsSurviveAKilledServer kills the server in mid-run: each protocol goes
// on with the one that is started in its place, within QUIC's idle time-out. The
// new server has new certificates.
func TestLoadsSurviveAKilledServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "restart.yaml")
	plan := `
duration: 5m
target: {embedded: tcp, on_exit: {restart: true, backoff: 200ms}}
load:
- &load {protocol: tcp, rate: 20, concurrency: 10, timeout: 3s}
- {<<: *load, protocol: udp}
- {<<: *load, protocol: http}
- {<<: *load, protocol: socks}
- {<<: *load, protocol: hysteria, options: {auth_str: sesame, insecure: true}}
- {<<: *load, protocol: hysteria2, options: {password: sesame, insecure: true}}
- {<<: *load, protocol: hysteria2, network: udp, name: relayed, options: {password: sesame, insecure: true}}
- {<<: *load, protocol: tuic, options: {uuid: 2dd61d93-75d8-4da4-ac0e-6aece7eac365, password: sesame, insecure: true}}
- {<<: *load, protocol: ssh, options: {password: sesame, insecure: true}}
`
	if err := os.WriteFile(path, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, dir, out := start(t, "run", path, "--quiet")
	underLoad(t, dir)
	before := sofar(t, dir)
	if err := syscall.Kill(before.Target.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "each load to go on", func() bool {
		now := sofar(t, dir)
		for i, l := range now.Load {
			if l.Operations < before.Load[i].Operations+300 { // 15 s of load after those that the dead server still did
				return false
			}
		}
		return now.Evidence.Restarts == 1
	})
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}

// sofar is the report of a run that goes on.
func sofar(t *testing.T, dir string) (r report.Report) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(binary, "report", "last", "--dir", dir, "--format", "json")
	cmd.Stdout = &out
	_ = cmd.Run() // its exit code is the run's
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %q", err, out.String())
	}
	return r
}
