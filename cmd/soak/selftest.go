package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak/plan"
	"soakmon/soak/runner"
	"soakmon/soak/selftest"
)

func selftestCommand(s streams) *cobra.Command {
	var duration, format string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Plant leaks in the reference server and report which of them are found",
		Long: fmt.Sprintf(`Plant leaks in the reference server and report which of them are found.

A run without a leak and %d runs with leaks of every kind, at decreasing rates, are
made at the same time. For each resource the table shows the smallest rate that
was found on this machine in this time: a longer self-test plants and finds
smaller leaks.

Exit code 0: the run without a leak was not called leaking, and the largest leak of
every resource was found. 1: one of these failed, and the output says which.`, selftest.Leaking),
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			load, err := plan.ParseDuration(duration)
			if err == nil && load < selftest.Shortest {
				err = fmt.Errorf("%s is too short for a verdict: use at least %s", load, selftest.Shortest)
			}
			if err != nil {
				return fmt.Errorf("--duration: %w", err)
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			done := showTrials(newProgress(s, format, quiet), load)
			result, err := selftest.Run(ctx, runner.Self(), load)
			done()
			if err != nil {
				return err
			}
			if err := selftest.Write(s.out, result, format); err != nil {
				return err
			}
			return exitCode(result.ExitCode)
		},
	}
	cmd.Flags().StringVar(&duration, "duration", "3m20s", fmt.Sprintf("`DURATION` of the load; the self-test takes about %s more", selftest.Around))
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print no progress, only the result")
	formatFlag(cmd, &format, selftest.Formats...)
	return cmd
}

// showTrials shows the progress of the runs until the returned function is
// called.
func showTrials(p *progress, load time.Duration) (done func()) {
	began, ended := time.Now(), make(chan struct{})
	total := minutes(load + selftest.Around)
	var wg sync.WaitGroup
	p.Say("self-test: %d runs side by side, about %s", selftest.Runs, total)
	wg.Go(func() {
		for next := time.Duration(0); ; {
			elapsed := time.Since(began)
			line := fmt.Sprintf("[%s of about %s]", minutes(elapsed), total)
			if p.live {
				p.redraw(line)
			} else if elapsed >= next {
				next = elapsed + 3*plainEvery
				p.Say("%s", line)
			}
			select {
			case <-ended:
				return
			case <-time.After(time.Second):
			}
		}
	})
	return func() { close(ended); wg.Wait() }
}
