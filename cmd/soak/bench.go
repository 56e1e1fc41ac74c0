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

The protocols are measured in turn, in rounds that also include direct TCP and a
plain TCP relay. Each figure is given as a ratio to both, with its confidence
interval. Targets determine the exit code under --conditions or with --enforce;
otherwise they are only shown, because they cannot be met on bare loopback.

Exit codes: 0 all targets are met or none is enforced · 1 a target is missed ·
2 usage or internal error · 3 a target could not be decided

With RUN (a file, an id or the beginning of one, a name, or last), soak bench
measures nothing and prints a stored bench.`,
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
	f.BoolVar(&b.baseline, "baseline", false, "measure only direct TCP and the TCP relay, and iperf3 if it is installed")
	f.BoolVar(&b.stress, "stress", false, "run only the stress tests: connection rate, 1 GiB transfers, 500 and 5,000 concurrent connections")
	f.BoolVar(&b.full, "full", false, "run more rounds and the stress tests; takes ten minutes")
	f.StringSliceVar(&b.protocols, "protocols", nil, "`PROTOCOLS` to measure, separated by commas (default: all)")
	f.StringSliceVar(&b.servers, "servers", []string{contender.Builtin}, "`SERVERS` to measure: builtin, a server of soak init (sing-box, xray, openssh, …; NAME=PATH for another build), or a plan file")
	f.StringSliceVar(&b.clients, "clients", []string{bench.OwnClient}, "`CLIENTS` to measure: soak, or a program (sing-box, xray, NAME=PATH) that soak reaches by SOCKS5")
	f.StringVar(&b.duration, "duration", "", "approximate total `DURATION` of all rounds (default 100s; 10m with --full, 5m under --conditions)")
	f.IntVar(&b.rounds, "rounds", 0, "`NUMBER` of measured rounds; an interval needs at least 6 (default 6; 10 with --full)")
	f.StringVar(&b.conditions, "conditions", "", conditionsHelp)
	f.BoolVar(&b.enforce, "enforce", false, "let the targets determine the exit code on bare loopback, too")
	f.BoolVar(&b.cpuProfile, "cpu-profile", false, "profile the transfers of each protocol, print its top functions, store the profiles in the run file")
	f.StringVar(&b.name, "name", "bench", "`NAME` of the run")
	f.BoolVarP(&b.quiet, "quiet", "q", false, "print no progress, only the table")
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
		return fmt.Errorf("%s is not a bench: print it with soak report", path)
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

// measure runs the bench. If it is interrupted, the result is what was measured
// until then, with a warning.
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

// benchProgress shows the progress of a bench on standard error: on a terminal in
// one line that is redrawn, elsewhere every ten seconds.
type benchProgress struct {
	p     *progress
	began time.Time
	next  time.Duration
}

func newBenchProgress(s streams, quiet bool) *benchProgress {
	return &benchProgress{p: newProgress(s, "bench", quiet), began: time.Now()}
}

func (b *benchProgress) show(done, of int, what string) {
	elapsed := time.Since(b.began)
	text := fmt.Sprintf("[%s, %d %%] %s", minutes(elapsed), 100*done/of, what)
	if b.p.live {
		b.p.redraw(text)
	} else if elapsed >= b.next {
		b.next = elapsed - elapsed%plainEvery + plainEvery
		b.p.Say("%s", text)
	}
}
