package contender

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/load"
	"soakmon/soak/supervise"
)

const iperf = "iperf3"

// withIperf adds iperf3 to direct TCP, if it is installed and there are no network
// conditions.
func (b *Set) withIperf(ctx context.Context, all []bench.Contender) ([]bench.Contender, error) {
	if _, err := exec.LookPath(iperf); err != nil || b.config.Network != nil {
		return all, nil
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	target, err := supervise.NewTarget(ctx, soak.Target{
		Command: []string{iperf, "-s", "-B", "127.0.0.1", "-p", port, "--forceflush"},
		Ready:   soak.Ready{Log: "listening"},
	}, supervise.TargetOptions{})
	if err != nil {
		return nil, err
	}
	server := &serverProcess{target: target}
	b.later(server.Close)
	return append(all, bench.Contender{
		Subject: bench.Subject{Name: iperf, Protocol: directProtocol, Server: iperf, Client: iperf},
		Client:  &iperfClient{port: port, log: b.config.Log}, Server: server, Streams: true, OnlyOneWay: true,
	}), nil
}

// freePort is a TCP port of loopback that is free now, for a program that needs
// one as an argument.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// iperfClient does transfers by iperf3, which verifies nothing.
type iperfClient struct {
	port string
	log  io.Writer
	cpu  float64 // seconds, of all so far
}

// CPU implements [bench.Side].
func (c *iperfClient) CPU() (float64, error) { return c.cpu, nil }

// iperfResult is what soak reads of the JSON of iperf3.
type iperfResult struct {
	Error string `json:"error"`
	End   struct {
		Received struct {
			Bytes   int64   `json:"bytes"`
			Seconds float64 `json:"seconds"`
		} `json:"sum_received"`
	} `json:"end"`
}

// iperfModes are the flags of a load's modes.
var iperfModes = map[string][]string{load.BulkUp: nil, load.BulkDown: {"-R"}}

// iperfWarmUp is the size of a transfer where an order asks for a time, in bytes:
// as a rate is not known then.
const iperfWarmUp = 256 << 20

// Do implements [bench.Side].
func (c *iperfClient) Do(ctx context.Context, o bench.Order) (r bench.Reading, err error) {
	var options struct {
		Mode string `json:"mode"`
	}
	if err := json.Unmarshal(o.Load.Options.JSON, &options); err != nil {
		return r, err
	}
	if o.For > 0 {
		o.Load.Payload = iperfWarmUp
	}
	args := append([]string{iperf, "-c", "127.0.0.1", "-p", c.port, "-J", "-n", fmt.Sprint(o.Load.Payload)}, iperfModes[options.Mode]...)
	var out strings.Builder
	child, err := supervise.Start(ctx, supervise.Spec{Args: args, Output: func(line string) { out.WriteString(line + "\n") }})
	if err != nil {
		return r, err
	}
	exit := child.Exit()
	if err := child.Stop(ctx); err != nil {
		return r, err
	}
	c.cpu += exit.CPU.Seconds()
	var got iperfResult
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || got.Error != "" {
		return r, fmt.Errorf("%s: %s: %s", iperf, exit, strings.TrimSpace(out.String()))
	}
	return bench.Reading{Operations: 1, Received: got.End.Received.Bytes, Seconds: got.End.Received.Seconds}, nil
}
