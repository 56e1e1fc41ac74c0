package runner

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"soakmon/soak"
	"soakmon/soak/supervise"
)

// driverReady is how long the driver may take to say hello.
const driverReady = 20 * time.Second

// driverProcess is the load in a process of its own: orders go to its standard
// input, tallies come from its file descriptor 3.
type driverProcess struct {
	child   *supervise.Child
	process soak.Process
	orders  *json.Encoder
	tallies chan soak.Tally
}

// startDriver starts the driver and waits for its first tally.
func startDriver(ctx context.Context, log io.Writer) (*driverProcess, error) {
	child, err := supervise.Start(ctx, supervise.Spec{
		Args: []string{Self(), "drive"}, Stdin: true, Fd3: true,
		Output: func(line string) { fmt.Fprintf(log, "driver: %s\n", line) },
	})
	if err != nil {
		return nil, fmt.Errorf("start the driver: %w", err)
	}
	d := &driverProcess{child: child, orders: json.NewEncoder(child.Stdin()), tallies: make(chan soak.Tally, 16)}
	go d.read(child.Fd3())
	select {
	case hello, ok := <-d.tallies:
		if !ok {
			d.stop()
			return nil, fmt.Errorf("the driver ended before it was ready")
		}
		pid, start := child.Process()
		d.process = soak.Process{Role: soak.RoleDriver, PID: pid, Start: start, Pprof: hello.Pprof, Metrics: metricsBeside(hello.Pprof)}
		return d, nil
	case <-time.After(driverReady):
		d.stop()
		return nil, fmt.Errorf("the driver was not ready within %s", driverReady)
	case <-ctx.Done():
		d.stop()
		return nil, ctx.Err()
	}
}

// read decodes tallies until the driver ends.
func (d *driverProcess) read(from io.Reader) {
	defer close(d.tallies)
	dec := json.NewDecoder(bufio.NewReader(from))
	for {
		var t soak.Tally
		if dec.Decode(&t) != nil {
			return
		}
		select {
		case d.tallies <- t:
		case <-d.child.Done():
			return
		}
	}
}

// Tallies is the stream of tallies; it closes when the driver ends.
func (d *driverProcess) Tallies() <-chan soak.Tally { return d.tallies }

// Send gives the driver an order.
func (d *driverProcess) Send(c soak.Command) error { return d.orders.Encode(c) }

func (d *driverProcess) stop() {
	_ = d.Send(soak.Command{Do: soak.DoStop})
	_ = d.child.Stdin().Close()
	_ = d.child.Stop(context.Background())
}

// Self is this program, also where its file has been replaced meanwhile.
func Self() string {
	if exe, err := os.Executable(); err == nil {
		if _, err := os.Stat(exe); err == nil {
			return exe
		}
	}
	return "/proc/self/exe"
}
