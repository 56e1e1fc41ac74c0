package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/protocol"
	"soakmon/soak/runner"
)

func TestRun_Conditions(t *testing.T) {
	t.Parallel()
	r, _ := soakJSON(t, "run", "--dir", t.TempDir(), "--duration", "10s", "--protocol", "udp", "--conditions", "delay=20ms,loss=5%")
	l := r.Load[0]
	if p50 := float64(l.Latency.P50); p50 < 0.040 || p50 > 0.060 {
		t.Errorf("the median latency is %v s, and the relay delays each way by 20 ms", p50)
	}
	sent := float64(l.Operations + l.Datagrams.Lost)
	if share := float64(l.Datagrams.Lost) / sent; share < 0.06 || share > 0.14 { // 9.75 %
		t.Errorf("%.1f %% of %.0f datagrams were lost: %+v", 100*share, sent, l)
	}
	// A machine without CPU time left starts operations late, and misses the rate by that.
	if reasons := strings.Join(r.Reasons, "\n"); strings.Contains(reasons, "lost") || strings.Contains(reasons, "achieved") && !r.CPU.Starved {
		t.Errorf("what the conditions lose is held against the target: %s", reasons)
	}
	if r.Plan.Conditions.String() != "delay=20ms,loss=5%" || r.Plan.Load[0].Address == "" {
		t.Errorf("plan %+v", r.Plan)
	}
	for _, s := range r.Series {
		if s.Process == soak.RoleRelay && s.Metric == "fds" {
			return
		}
	}
	t.Error("the relay was not watched")
}

func TestRun_DeadRelay(t *testing.T) {
	t.Parallel()
	cmd, dir, out := start(t, "run", "--duration", "5m", "--conditions", "delay=1ms")
	underLoad(t, dir)
	_ = syscall.Kill(childOf(t, cmd.Process.Pid, "soak relay"), syscall.SIGKILL)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(out.String(), "relay dead") || !strings.Contains(out.String(), "the relay between driver and server ended") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestRelayed_DelaysAndStops(t *testing.T) {
	server, err := mustProtocol(t, "tcp").Serve(context.Background(), protocol.ServeOptions{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	relay, loads, err := runner.Relayed(context.Background(), soak.Plan{
		Conditions: &soak.Conditions{Delay: 10 * time.Millisecond},
		Load:       []soak.Workload{{Protocol: "tcp", Address: server.Addr()}},
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	addr := loads[0].Address
	opener, err := protocol.Open(soak.Workload{Protocol: "tcp", Address: addr, Payload: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	s, err := opener.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, _, err := s.Do(0, began.Add(5*time.Second)); err != nil || time.Since(began) < 20*time.Millisecond {
		t.Errorf("an operation took %v: %v", time.Since(began), err)
	}
	relay.Stop()
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("the relay is still there")
	}
	if _, _, err := s.Do(1, time.Now().Add(time.Second)); !errors.Is(err, load.ErrStale) && load.Kind(err, false) != "reset" { // stale where it was idle long enough
		t.Errorf("after its end: %v", err)
	}
	s.Close()
}

func mustProtocol(t *testing.T, name string) protocol.Protocol {
	t.Helper()
	p, ok := protocol.Lookup(name)
	if !ok {
		t.Fatalf("no protocol %s", name)
	}
	return p
}
