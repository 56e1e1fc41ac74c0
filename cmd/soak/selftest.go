package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak/plan"
	"soakmon/soak/report"
)

// What the runs of a self-test plant over their whole length, the most first:
// from what nobody should miss down to what is hard to see. It is planted by
// operations, so that the server holds still at rest. Threads and children are
// fewer, since each makes counting the children dearer and so rarer.
var doses = []dose{
	{things: 360, crowd: 36, heap: 36 << 20},
	{things: 90, crowd: 18, heap: 18 << 20},
	{things: 24, crowd: 9, heap: 9 << 20},
	{things: 6, crowd: 4.5, heap: 4.5 * (1 << 20)},
}

// dose is how much of each kind a run plants.
type dose struct {
	things float64 // fds, goroutines
	crowd  float64 // threads, children
	heap   float64 // bytes
}

// shortest is the shortest load that leaves anything to judge after its warm-up.
const shortest = 40 * time.Second

func selftestCommand(s streams) *cobra.Command {
	var duration, format string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Plant leaks in the reference server and see which of them are found",
		Long: fmt.Sprintf(`Plant leaks in the reference server and see which of them are found.

A run without a leak and %d runs with leaks of every kind, at falling rates, go on
side by side. The table names for each resource the smallest rate that was found,
on this machine and in this time: a longer self-test plants, and finds, less.

Exit code 0: the run without a leak stayed silent, and every resource was found
at its largest rate. 1: something of that failed, and is told.`, len(doses)),
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := checkFormat(format, "text", "json"); err != nil {
				return err
			}
			load, err := plan.ParseDuration(duration)
			if err == nil && load < shortest {
				err = fmt.Errorf("%s is too short to judge anything; %s at least", load, shortest)
			}
			if err != nil {
				return fmt.Errorf("--duration: %w", err)
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			begun := time.Now()
			trials, err := runTrials(ctx, load, newProgress(job{format: format, quiet: quiet, streams: s}))
			if err != nil {
				return err
			}
			result := assess(trials[0].report, reports(trials[1:]))
			result.Duration = time.Since(begun).Seconds()
			if err := writeSelfTest(s.out, result, format); err != nil {
				return err
			}
			return exitCode(result.ExitCode)
		},
	}
	cmd.Flags().StringVar(&duration, "duration", "3m20s", fmt.Sprintf("length of the load; all in all it takes about %s more", around))
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress, only the result")
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

func reports(trials []*trial) (out []report.Report) {
	for _, t := range trials {
		out = append(out, t.report)
	}
	return out
}

// leaks spreads the dose over a run's operations.
func (d dose) leaks(operations float64) []string {
	each := func(kind string, n float64) string { return fmt.Sprintf("%s=1/%.0fop", kind, max(1, operations/n)) }
	return []string{
		each("fd", d.things), each("goroutine", d.things), each("thread", d.crowd), each("child", d.crowd),
		fmt.Sprintf("heap=%.0fB/1000op", math.Ceil(1000*d.heap/operations)),
	}
}
