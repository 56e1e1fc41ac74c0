package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/plant"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// serveCommand is the embedded reference server. As a child of soak run it says
// hello on file descriptor 3 and ends when its standard input does.
func serveCommand(s streams) *cobra.Command {
	var address, settings string
	var leaks []string
	var child bool
	cmd := &cobra.Command{
		Use:   "serve PROTOCOL[,PROTOCOL…]",
		Short: "Serve the reference servers of protocols, with planted leaks if asked",
		Example: `  soak serve tcp --address 127.0.0.1:7000
  soak serve tcp,hysteria2,ssh
  soak serve http --leak fd=2/s --leak heap=64KiB/s`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			planted, err := parseLeaks(leaks)
			if err != nil {
				return err
			}
			names := strings.Split(args[0], ",")
			addresses, all, err := serveSettings(len(names), address, settings)
			if err != nil {
				return err
			}
			return serve(s, names, addresses, all, planted, child)
		},
	}
	cmd.Flags().StringVar(&address, "address", anyPort, "HOST:PORT to listen on, one for each protocol; port 0 takes a free one")
	cmd.Flags().StringArrayVar(&leaks, "leak", nil, leakHelp)
	cmd.Flags().BoolVar(&child, "child", false, "")
	cmd.Flags().StringVar(&settings, "options", "", "options of the protocol, JSON")
	_ = cmd.Flags().MarkHidden("child")
	_ = cmd.Flags().MarkHidden("options")
	return cmd
}

const anyPort = "127.0.0.1:0"

const leakHelp = "plant a leak: KIND=N[unit]/(s|h|Nop|Ndirty), KIND one of fd, goroutine, heap, thread, child; Ndirty are sessions of tcp that end badly; may be repeated"

func parseLeaks(texts []string) (leaks []soak.Leak, err error) {
	for _, text := range texts {
		l, err := plan.ParseLeak(text)
		if err != nil {
			return nil, fmt.Errorf("--leak %s: %w", text, err)
		}
		leaks = append(leaks, l)
	}
	return leaks, nil
}

// collectEvery is the time between two garbage collections of the reference
// server, and collectShare the part of a core that they may take.
const (
	collectEvery = time.Second
	collectShare = 0.01
)

// collect keeps the memory of the reference server within a narrow band and its
// live heap known at every sample, as the control of a leak detector should be:
// left to itself the collector runs when chance has it, and what a snapshot
// needs (1.2 MB) is counted or not.
func collect(ctx context.Context) {
	wait := collectEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		began := time.Now()
		runtime.GC()
		wait = max(collectEvery, time.Duration(float64(time.Since(began))/collectShare))
	}
}

// threadPool is how many threads the reference server begins with. The runtime
// starts one whenever all others happen to be in the kernel, and never ends
// one; on a busy machine that would be a late step in their count.
const threadPool = 16

// fillThreadPool wires so many goroutines to threads of their own for a moment
// that the runtime has started as many as the server will need.
func fillThreadPool() {
	var wired sync.WaitGroup
	wired.Add(threadPool)
	release := make(chan struct{})
	for range threadPool {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			wired.Done()
			<-release
		}()
	}
	wired.Wait()
	close(release)
}

func serve(s streams, names, addresses []string, settings []soak.Options, leaks []soak.Leak, child bool) error {
	failures := &failures{steps: map[string]int64{}, log: s.err}
	planter, err := plant.New(leaks, failures.add)
	if err != nil {
		return err
	}
	pages, err := serveDebug()
	if err != nil {
		return err
	}
	defer pages.close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fillThreadPool()
	go collect(ctx)
	var onOperation, onBadEnd func()
	if len(leaks) > 0 {
		onOperation, onBadEnd = planter.Operation, planter.BadEnd
	}
	seed := cmp.Or(os.Getenv(referenceSeed), rand.Text())
	hello := supervise.Hello{Pprof: pages.pprof(), Metrics: pages.metrics()}
	for i, name := range names {
		p, ok := protocol.Lookup(name)
		if !ok {
			return unknownProtocol(name)
		}
		server, err := p.Serve(ctx, protocol.ServeOptions{Address: addresses[i], Options: settings[i], OnOperation: onOperation, OnBadEnd: onBadEnd, Seed: fmt.Sprintf("%s/%d", seed, i)})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer server.Close()
		hello.Also = append(hello.Also, supervise.Served{Address: server.Addr(), Options: server.Options().JSON})
		if !child {
			fmt.Fprintf(s.out, "%s on %s\n", name, server.Addr())
		}
	}
	if child {
		first := hello.Also[0]
		hello.Address, hello.Options, hello.Also = first.Address, first.Options, hello.Also[1:]
		if failures.monitor, err = greet(hello); err != nil {
			return err
		}
		go planter.Run(ctx)
		return untilGone(ctx, s.in)
	}
	go planter.Run(ctx)
	fmt.Fprintf(s.out, "pprof %s · metrics %s · Ctrl-C ends it\n", hello.Pprof, hello.Metrics)
	<-ctx.Done()
	return nil
}

// serveSettings are the address and the options of each of the protocols.
func serveSettings(n int, address, settings string) (addresses []string, all []soak.Options, err error) {
	addresses = strings.Split(address, ",")
	if address == anyPort {
		addresses = slices.Repeat(addresses, n)
	}
	if len(addresses) != n {
		return nil, nil, fmt.Errorf("--address %s: give one for each of the %d protocols, separated by commas", address, n)
	}
	if settings != "" {
		return addresses, slices.Repeat([]soak.Options{{JSON: []byte(settings)}}, n), nil
	}
	all, err = givenOptions(n)
	return addresses, all, err
}

// greet says hello to the monitor; what it returns says more.
func greet(hello any) (*json.Encoder, error) {
	monitor := json.NewEncoder(os.NewFile(3, "hello"))
	if err := monitor.Encode(hello); err != nil {
		return nil, fmt.Errorf("say hello on file descriptor 3: %w", err)
	}
	return monitor, nil
}

// untilGone waits until the monitor closes our standard input.
func untilGone(ctx context.Context, in io.Reader) error {
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
	}
	return nil
}
