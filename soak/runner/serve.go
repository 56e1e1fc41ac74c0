package runner

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"soakmon/soak"
	"soakmon/soak/plant"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// ServeOptions say what the embedded reference server serves.
type ServeOptions struct {
	Protocols []string
	Addresses []string       // HOST:PORT, one for each protocol
	Options   []soak.Options // one for each protocol
	Leaks     []soak.Leak    // to plant
	Child     bool           // a child of the monitor: says hello on file descriptor 3, ends with In
	In        io.Reader
	Out, Log  io.Writer
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

// fillThreadPool locks threadPool goroutines to a thread each for a moment, so
// that the runtime has started all threads that the server will need.
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

// Serve runs the embedded reference server until ctx ends or, as a child, until
// In ends.
func Serve(ctx context.Context, o ServeOptions) error {
	failures := &failures{steps: map[string]int64{}, log: o.Log}
	planter, err := plant.New(o.Leaks, failures.add)
	if err != nil {
		return err
	}
	pages, err := ServeDebug()
	if err != nil {
		return err
	}
	defer pages.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	fillThreadPool()
	go collect(ctx)
	var onOperation, onBadEnd func()
	if len(o.Leaks) > 0 {
		onOperation, onBadEnd = planter.Operation, planter.BadEnd
	}
	seed := cmp.Or(os.Getenv(ReferenceSeed), rand.Text())
	hello := supervise.Hello{Pprof: pages.Pprof(), Metrics: pages.Metrics()}
	for i, name := range o.Protocols {
		p, ok := protocol.Lookup(name)
		if !ok {
			return UnknownProtocol(name)
		}
		server, err := p.Serve(ctx, protocol.ServeOptions{Address: o.Addresses[i], Options: o.Options[i], OnOperation: onOperation, OnBadEnd: onBadEnd, Seed: fmt.Sprintf("%s/%d", seed, i)})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer server.Close()
		hello.Also = append(hello.Also, supervise.Served{Address: server.Addr(), Options: server.Options().JSON})
		if !o.Child {
			fmt.Fprintf(o.Out, "%s on %s\n", name, server.Addr())
		}
	}
	if o.Child {
		first := hello.Also[0]
		hello.Address, hello.Options, hello.Also = first.Address, first.Options, hello.Also[1:]
		if failures.monitor, err = greet(hello); err != nil {
			return err
		}
		go planter.Run(ctx)
		return untilGone(ctx, o.In)
	}
	go planter.Run(ctx)
	fmt.Fprintf(o.Out, "pprof %s · metrics %s · Ctrl-C ends it\n", hello.Pprof, hello.Metrics)
	<-ctx.Done()
	return nil
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
