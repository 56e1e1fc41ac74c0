package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak/bench"
	"soakmon/soak/bench/contender"
	"soakmon/soak/plan"
	"soakmon/soak/runner"
	"soakmon/soak/runs"
	"soakmon/store"
)

// benchFlags are the settings of a bench.
type benchFlags struct {
	protocols, servers, clients []string
	baseline, full, stress      bool
	enforce, cpuProfile, quiet  bool
	duration, conditions        string
	rounds                      int
	dir, format, output, name   string
}

// The lengths of a bench where no --duration is given.
const (
	benchQuick = 100 * time.Second
	benchFull  = 10 * time.Minute
	benchSlow  = 5 * time.Minute // under conditions, where an operation takes long
)

func benchCommand(s streams) *cobra.Command {
	b := &benchFlags{}
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
				return b.show(s, args[0])
			}
			return b.do(s)
		},
	}
	dirFlag(cmd, &b.dir)
	formatFlag(cmd, &b.format, bench.Formats...)
	outputFlag(cmd, &b.output)
	f := cmd.Flags()
	f.BoolVar(&b.baseline, "baseline", false, "only direct TCP and the TCP relay, and iperf3 beside them where it is installed")
	f.BoolVar(&b.stress, "stress", false, "only the tests under stress: connection rate, 1 GiB transfers, 500 and 5,000 connections at once")
	f.BoolVar(&b.full, "full", false, "everything, in ten minutes: more rounds, and stress")
	f.StringSliceVar(&b.protocols, "protocols", nil, "protocols to measure; all by default")
	f.StringSliceVar(&b.servers, "servers", []string{contender.Builtin}, "who serves: builtin, a server of soak init (sing-box, xray, openssh, …; NAME=PATH for another build), or a plan file")
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
func (b *benchFlags) do(s streams) error {
	config, err := b.config(s)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	r, kept, err := b.measure(ctx, s, config)
	if err != nil {
		return err
	}
	path, err := bench.Save(b.dir, r, kept)
	if err != nil {
		return err
	}
	if !b.quiet {
		fmt.Fprintf(s.err, "file %s\n", path)
	}
	_, err = reportBench(s, path, b.format, b.output)
	return err
}

// show prints a stored bench.
func (b *benchFlags) show(s streams, run string) error {
	path, err := store.Find(b.dir, run)
	if err != nil {
		return err
	}
	is, err := reportBench(s, path, b.format, b.output)
	if !is && err == nil {
		return fmt.Errorf("%s is no bench: soak report prints it", path)
	}
	return err
}

// config is what the flags ask to measure.
func (b *benchFlags) config(s streams) (contender.Config, error) {
	c := contender.Config{Protocols: b.protocols, Servers: b.servers, Clients: b.clients, Baseline: b.baseline, Log: s.err}
	if err := c.Check(); err != nil {
		return c, err
	}
	if b.rounds < 0 {
		return c, fmt.Errorf("--rounds %d: must be 1 or more", b.rounds)
	}
	if b.conditions == "" {
		var err error
		c.Network, err = contender.ConditionsOf(b.servers)
		return c, err
	}
	network, err := plan.ParseConditions(b.conditions)
	if err != nil {
		return c, fmt.Errorf("--conditions: %w", err)
	}
	c.Network = &network
	return c, nil
}

// plan is how to measure what the flags ask for.
func (b *benchFlags) plan(conditions bool, show func(done, of int, what string)) (bench.Plan, error) {
	p := bench.Plan{Rounds: 6, MemoryRounds: 3, Duration: benchQuick, Stress: b.stress || b.full, OnlyStress: b.stress, Progress: show}
	if conditions {
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
	var err error
	p.Files, err = maxFiles()
	return p, err
}

// measure runs the bench. Interrupted, it gives what it has, and says so.
func (b *benchFlags) measure(ctx context.Context, s streams, config contender.Config) (r bench.Result, kept []bench.Profile, err error) {
	show := newBenchProgress(s, b.quiet)
	p, err := b.plan(config.Network != nil, show.show)
	if err != nil {
		return r, nil, err
	}
	r = bench.Result{Name: b.name, Version: version, Start: time.Now(), Rounds: p.Rounds, Conditions: config.Network, Host: runner.HostFacts()}
	r.Run = store.NewID(r.Start, b.name)
	if p.OnlyStress {
		r.Rounds = 0
	}
	show.p.Say("starting the servers")
	set, err := contender.Start(ctx, config)
	if err != nil {
		return r, nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	rows, err := bench.Run(ctx, p, set.Contenders)
	r.Rows, r.Duration = rows, time.Since(r.Start).Seconds()
	if err != nil {
		r.Warnings = append(r.Warnings, err.Error())
	} else if b.cpuProfile {
		kept = set.Profile(ctx, r.Rows)
	}
	r.Finish(b.enforce || config.Network != nil, set.Bounds)
	show.p.Close()
	return r, kept, nil
}

// reportBench prints a stored bench; false if the run is not a bench. The error
// carries its exit code.
func reportBench(s streams, path, format, output string) (is bool, err error) {
	run, err := runs.Open(path)
	if err != nil {
		return false, err
	}
	r, is, err := bench.Load(run)
	if err := errors.Join(err, run.Close()); !is || err != nil {
		return is, err
	}
	if !slices.Contains(bench.Formats, format) {
		return true, fmt.Errorf("--format %s: a bench has the formats %v", format, bench.Formats)
	}
	out, err := openOutput(s, output)
	if err != nil {
		return true, err
	}
	if err := errors.Join(bench.Write(out, r, format), out.Close()); err != nil {
		return true, err
	}
	return true, exitCode(r.ExitCode)
}

// benchProgress tells where a bench stands: on a terminal in one line that
// redraws itself, else every ten seconds; on standard error.
type benchProgress struct {
	p     *progress
	begun time.Time
	next  time.Duration
}

func newBenchProgress(s streams, quiet bool) *benchProgress {
	return &benchProgress{p: newProgress(s, "bench", quiet), begun: time.Now()}
}

func (b *benchProgress) show(done, of int, what string) {
	elapsed := time.Since(b.begun)
	text := fmt.Sprintf("[%s, %d %%] %s", minutes(elapsed), 100*done/of, what)
	if b.p.live {
		b.p.redraw(text)
	} else if elapsed >= b.next {
		b.next = elapsed - elapsed%plainEvery + plainEvery
		b.p.Say("%s", text)
	}
}
