package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// benchClientCommand is the client of a bench: orders on standard input, readings on
// file descriptor 3, after a hello. It ends when its standard input does.
func benchClientCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "bench-client",
		Short:  "measure as the bench orders (started by soak bench)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out := os.NewFile(3, "readings")
			if _, err := out.Stat(); err != nil {
				return fmt.Errorf("file descriptor 3 is not open: soak bench-client is started by soak bench")
			}
			defer out.Close()
			pages, err := serveDebug()
			if err != nil {
				return err
			}
			defer pages.close()
			if err := json.NewEncoder(out).Encode(supervise.Hello{Pprof: pages.pprof()}); err != nil {
				return err
			}
			return bench.Client(context.Background(), s.in, out, protocol.Open)
		},
	}
}

// benchClient is a client in a process of its own.
type benchClient struct {
	child    *supervise.Child
	orders   *json.Encoder
	readings *json.Decoder
	process  soak.Process
	beside   []soak.Process // further processes of the client's side
}

// startBenchClient starts one and waits for its hello. It is killed when ctx
// ends.
func startBenchClient(ctx context.Context, log io.Writer, beside ...soak.Process) (*benchClient, error) {
	child, err := supervise.Start(ctx, supervise.Spec{
		Args: []string{self(), "bench-client"}, Stdin: true, Fd3: true,
		Output: func(line string) { fmt.Fprintf(log, "client: %s\n", line) },
	})
	if err != nil {
		return nil, fmt.Errorf("start a client: %w", err)
	}
	c := &benchClient{child: child, orders: json.NewEncoder(child.Stdin()), readings: json.NewDecoder(bufio.NewReader(child.Fd3())), beside: beside}
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
func (c *benchClient) Do(_ context.Context, o bench.Order) (r bench.Reading, err error) {
	if err := c.orders.Encode(o); err != nil {
		return r, fmt.Errorf("order %s: %w", o.Do, err)
	}
	if err := c.readings.Decode(&r); err != nil {
		return r, fmt.Errorf("the client ended at %s: %w", o.Do, err)
	}
	return r, nil
}

// CPU implements [bench.Side].
func (c *benchClient) CPU() (float64, error) { return cpuOf(append(c.beside, c.process)...) }

// speaker is the process that speaks the protocol.
func (c *benchClient) speaker() soak.Process {
	if len(c.beside) > 0 {
		return c.beside[0]
	}
	return c.process
}

func (c *benchClient) stop() {
	_ = c.child.Stdin().Close()
	_ = c.child.Stop(context.Background())
}
