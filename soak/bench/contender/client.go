package contender

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/protocol"
	"soakmon/soak/runner"
	"soakmon/soak/supervise"
)

// Client is the client of a bench, a child of soak bench: it reads orders from
// in, writes readings to file descriptor 3 after a hello, and ends with in.
func Client(ctx context.Context, in io.Reader) error {
	out, pages, err := runner.ChildOutput("readings")
	if err != nil {
		return err
	}
	defer out.Close()
	defer pages.Close()
	if err := json.NewEncoder(out).Encode(supervise.Hello{Pprof: pages.Pprof()}); err != nil {
		return err
	}
	return bench.Client(ctx, in, out, protocol.Open)
}

// clientProcess is a client in a process of its own.
type clientProcess struct {
	child    *supervise.Child
	orders   *json.Encoder
	readings *json.Decoder
	process  soak.Process
	beside   []soak.Process // further processes of the client's side
}

// startClient starts one and waits for its hello. It is killed when ctx
// ends.
func startClient(ctx context.Context, log io.Writer, beside ...soak.Process) (*clientProcess, error) {
	child, err := supervise.Start(ctx, supervise.Spec{
		Args: []string{runner.Self(), "bench-client"}, Stdin: true, Fd3: true,
		Output: func(line string) { fmt.Fprintf(log, "client: %s\n", line) },
	})
	if err != nil {
		return nil, fmt.Errorf("start a client: %w", err)
	}
	c := &clientProcess{child: child, orders: json.NewEncoder(child.Stdin()), readings: json.NewDecoder(bufio.NewReader(child.Fd3())), beside: beside}
	var hello supervise.Hello
	if err := c.readings.Decode(&hello); err != nil {
		c.stop()
		return nil, fmt.Errorf("the client ended before it was ready: %w", err)
	}
	pid, start := child.Process()
	c.process = soak.Process{Role: soak.RoleDriver, PID: pid, Start: start, Pprof: hello.Pprof}
	return c, nil
}

// Do implements [bench.Side]. When ctx ends the process is killed, and this
// returns.
func (c *clientProcess) Do(_ context.Context, o bench.Order) (r bench.Reading, err error) {
	if err := c.orders.Encode(o); err != nil {
		return r, fmt.Errorf("order %s: %w", o.Do, err)
	}
	if err := c.readings.Decode(&r); err != nil {
		return r, fmt.Errorf("the client ended at %s: %w", o.Do, err)
	}
	return r, nil
}

// CPU implements [bench.Side].
func (c *clientProcess) CPU() (float64, error) { return cpuOf(append(c.beside, c.process)...) }

// speaker is the process that speaks the protocol.
func (c *clientProcess) speaker() soak.Process {
	if len(c.beside) > 0 {
		return c.beside[0]
	}
	return c.process
}

func (c *clientProcess) stop() {
	_ = c.child.Stdin().Close()
	_ = c.child.Stop(context.Background())
}
