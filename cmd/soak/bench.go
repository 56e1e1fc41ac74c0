package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/plan"
	"soakmon/soak/protocol"
	"soakmon/store"
)

// benchJob is one bench from its flags to its result.
//
//	destination ◀── server (a process each) ◀── [network conditions] ◀── client (a process each)
//	                 CPU, memory ──▶ rounds ◀── readings
//	                                   └─▶ result ─▶ run file ─▶ table
type benchJob struct {
	streams                     streams
	protocols, servers, clients []string
	baseline, full, stress      bool
	enforce, cpuProfile, quiet  bool
	duration, conditions        string
	rounds                      int
	dir, format, output, name   string
	closers                     []func() error
	network                     *soak.Conditions
	bounds                      map[string]soak.Bounds
	destination                 string
}

// The lengths of a bench where no --duration is given.
const (
	benchQuick = 100 * time.Second
	benchFull  = 10 * time.Minute
	benchSlow  = 5 * time.Minute // under conditions, where an operation takes long
)

var benchFormats = []string{"text", "json", "markdown", "html", "gobench"}

func benchCommand(s streams) *cobra.Command {
	b := &benchJob{streams: s}
	cmd := &cobra.Command{
		Use:   "bench [RUN]",
		Short: "Measure protocols side by side: throughput, latency, connections, memory, CPU",
		Long: `Measure protocols side by side: throughput, latency, connections, memory, CPU.

All are measured in turn, round by round, with direct TCP and a plain TCP relay
among them; each figure comes as a ratio to both, with its interval. Targets
decide about the exit code under --conditions or with --enforce: on bare
loopback they cannot be met, and are shown.

Exit codes: 0 every target is met, or none had to be · 1 one is missed ·
2 usage or internal error · 3 one could not be decided

With RUN (a file, an id, the beginning of one, a name, or last): prints a stored
bench in any format, and measures nothing.`,
		Example: `  soak bench
  soak bench --protocols hysteria2,tuic --duration 5m
  soak bench --conditions rate=100Mbit,delay=10ms
  soak bench --servers builtin,sing-box --clients soak,sing-box
  soak bench last --format gobench -o new.txt && benchstat old.txt new.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return b.show(args[0])
			}
			return b.do()
		},
	}
	dirFlag(cmd, &b.dir)
	formatFlag(cmd, &b.format, benchFormats...)
	outputFlag(cmd, &b.output)
	f := cmd.Flags()
	f.BoolVar(&b.baseline, "baseline", false, "only direct TCP and the TCP relay, and iperf3 beside them where it is installed")
	f.BoolVar(&b.stress, "stress", false, "only the tests under stress: connection rate, 1 GiB transfers, 500 and 5,000 connections at once")
	f.BoolVar(&b.full, "full", false, "everything, in ten minutes: more rounds, and stress")
	f.StringSliceVar(&b.protocols, "protocols", nil, "protocols to measure; all by default")
	f.StringSliceVar(&b.servers, "servers", []string{builtin}, "who serves: builtin, a server of soak init (sing-box, xray, openssh, …; NAME=PATH for another build), or a plan file")
	f.StringSliceVar(&b.clients, "clients", []string{bench.OwnClient}, "who speaks the protocols: soak, or a program (sing-box, xray, NAME=PATH) with soak before it")
	f.StringVar(&b.duration, "duration", "", "how long all rounds take together, about")
	f.IntVar(&b.rounds, "rounds", 0, "rounds that count; at least 6 make an interval")
	f.StringVar(&b.conditions, "conditions", "", conditionsHelp)
	f.BoolVar(&b.enforce, "enforce", false, "let the targets decide on bare loopback too")
	f.BoolVar(&b.cpuProfile, "cpu-profile", false, "profile transfers of each protocol, print its top functions, keep the profiles in the run file")
	f.StringVar(&b.name, "name", "bench", "name of the run")
	f.BoolVarP(&b.quiet, "quiet", "q", false, "no progress, only the table")
	cmd.MarkFlagsMutuallyExclusive("baseline", "stress", "full")
	cmd.MarkFlagsMutuallyExclusive("baseline", "protocols")
	return cmd
}

// do measures, stores and prints; the error carries the exit code.
func (b *benchJob) do() (err error) {
	if err := errors.Join(checkFormat(b.format, benchFormats...), b.check()); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer func() { err = errors.Join(err, b.close()) }()
	r, kept, err := b.measure(ctx)
	if err != nil {
		return err
	}
	path, err := keepBench(b.dir, r, kept)
	if err != nil {
		return err
	}
	if !b.quiet {
		fmt.Fprintf(b.streams.err, "file %s\n", path)
	}
	_, err = reportBench(b.streams, path, b.format, b.output)
	return err
}

// show prints a stored bench.
func (b *benchJob) show(run string) error {
	path, err := store.Find(b.dir, run)
	if err != nil {
		return err
	}
	is, err := reportBench(b.streams, path, b.format, b.output)
	if !is && err == nil {
		return fmt.Errorf("%s is no bench: soak report prints it", path)
	}
	return err
}

// check completes the settings and refuses what cannot be.
func (b *benchJob) check() error {
	for _, name := range b.protocols {
		if _, ok := protocol.Lookup(name); !ok {
			return unknownProtocol(name)
		}
	}
	if b.rounds < 0 {
		return fmt.Errorf("--rounds %d: must be 1 or more", b.rounds)
	}
	for _, client := range b.clients {
		if _, ok := foreignClients[parseProgram(client).name]; !ok && client != bench.OwnClient {
			return fmt.Errorf("--clients %s: unknown client; there are %s and %q", client, bench.OwnClient, slices.Sorted(maps.Keys(foreignClients)))
		}
	}
	if b.conditions == "" {
		var err error
		b.network, err = conditionsOf(b.servers)
		return err
	}
	c, err := plan.ParseConditions(b.conditions)
	if err != nil {
		return fmt.Errorf("--conditions: %w", err)
	}
	b.network = &c
	return nil
}

// plan is how to measure what the flags ask for.
func (b *benchJob) plan(show func(done, of int, what string)) (bench.Plan, error) {
	p := bench.Plan{Rounds: 6, MemoryRounds: 3, Duration: benchQuick, Stress: b.stress || b.full, OnlyStress: b.stress, Progress: show}
	if b.network != nil {
		p.Duration = benchSlow
	}
	if b.full {
		p.Rounds, p.MemoryRounds, p.Duration = 10, 10, benchFull
	}
	p.Rounds = cmp.Or(b.rounds, p.Rounds)
	if b.duration != "" {
		var err error
		if p.Duration, err = plan.ParseDuration(b.duration); err != nil {
			return p, fmt.Errorf("--duration: %w", err)
		}
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return p, fmt.Errorf("limit of file descriptors: %w", err)
	}
	p.Files = uint64(limit.Max) // Go programs raise their soft limit to it
	return p, nil
}

// measure runs the bench. Interrupted, it gives what it has, and says so.
func (b *benchJob) measure(ctx context.Context) (r bench.Result, kept []keptProfile, err error) {
	show := newBenchProgress(b)
	p, err := b.plan(show.show)
	if err != nil {
		return r, nil, err
	}
	r = bench.Result{Name: b.name, Version: version, Start: time.Now(), Rounds: p.Rounds, Conditions: b.network, Host: hostFacts()}
	r.Run = store.NewID(r.Start, b.name)
	if p.OnlyStress {
		r.Rounds = 0
	}
	show.p.say("starting the servers")
	contenders, err := b.contenders(ctx)
	if err != nil {
		return r, nil, err
	}
	rows, err := bench.Run(ctx, p, contenders)
	r.Rows, r.Duration = rows, time.Since(r.Start).Seconds()
	if err != nil {
		r.Warnings = append(r.Warnings, err.Error())
	} else if b.cpuProfile {
		kept = b.profile(ctx, contenders, r.Rows)
	}
	r.Finish(b.enforce || b.network != nil, b.bounds)
	show.p.done()
	return r, kept, nil
}

// later registers what has to be closed in the end.
func (b *benchJob) later(close func() error) { b.closers = append(b.closers, close) }

func (b *benchJob) close() error {
	var errs []error
	for _, c := range slices.Backward(b.closers) {
		errs = append(errs, c())
	}
	b.closers = nil
	return errors.Join(errs...)
}

// writeBench writes a result in the format asked for.
func writeBench(w io.Writer, r bench.Result, format string) error {
	switch format {
	case "json":
		return bench.JSON(w, r)
	case "markdown":
		return bench.Markdown(w, r)
	case "html":
		return bench.HTML(w, r)
	case "gobench":
		return bench.GoBench(w, r)
	default:
		return bench.Text(w, r)
	}
}

// benchProgress tells where a bench stands: on a terminal in one line that
// redraws itself, else every ten seconds; on standard error.
type benchProgress struct {
	p     *progress
	begun time.Time
	next  time.Duration
}

func newBenchProgress(b *benchJob) *benchProgress {
	return &benchProgress{p: newProgress(job{format: "bench", quiet: b.quiet, streams: b.streams}), begun: time.Now()}
}

func (b *benchProgress) show(done, of int, what string) {
	elapsed := time.Since(b.begun)
	text := fmt.Sprintf("[%s, %d %%] %s", minutes(elapsed), 100*done/of, what)
	if b.p.live {
		b.p.redraw(text)
	} else if elapsed >= b.next {
		b.next = elapsed - elapsed%plainEvery + plainEvery
		b.p.say("%s", text)
	}
}
