package probes

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"soakmon/soak"
)

// echo asks a cat for a line, and lets time pass.
type echo struct {
	in  io.Writer
	out *bufio.Reader
}

func (e echo) Metrics() []soak.Metric { return nil }
func (e echo) Close() error           { return nil }
func (e echo) Read(context.Context, soak.Process) ([]soak.Sample, error) {
	if e.in != nil {
		fmt.Fprintln(e.in, "how are you?")
		if _, err := e.out.ReadString('\n'); err != nil {
			return nil, err
		}
	}
	<-time.After(100 * time.Millisecond)
	return nil, nil
}

// On a busy machine an answer takes far longer than the work on it.
func TestRead_RemoteCost(t *testing.T) {
	cmd := exec.Command("cat")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = cmd.Wait() }()
	answers := echo{in, bufio.NewReader(out)}
	if _, err := answers.Read(t.Context(), soak.Process{}); err != nil { // it has started, then
		t.Fatal(err)
	}
	cat := soak.Process{PID: cmd.Process.Pid}
	for what, c := range map[string]struct {
		probe   Probe
		process soak.Process
		dear    bool
	}{
		"it answers":               {answers, cat, false},
		"another answers":          {echo{}, cat, true},
		"a process that has ended": {echo{}, soak.Process{PID: 1 << 22}, true},
	} {
		r := runner{spec: spec{class: slow, remote: true}, probe: c.probe, process: c.process}
		if got := r.read(context.Background()); got.err != nil || got.cost <= 0 || (got.cost > 90*time.Millisecond) != c.dear {
			t.Errorf("%s: it cost %v, %v", what, got.cost, got.err)
		}
	}
}
