package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/control"
	"soakmon/soak/engine"
	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/store"
)

func attachCommand(s streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "attach [RUN]",
		Short: "Attach to a run in progress: live view, pause, resume, snapshot, stop",
		Long: `Attach to a run in progress in another process: live view, pause, resume,
snapshot, stop.

Detaching (q) does not affect the run. If the run has ended, its report is
printed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := store.Find(dir, runArg(args))
			if err != nil {
				return err
			}
			ended, err := follow(s, path)
			if err != nil || !ended {
				return err
			}
			return endedReport(s, path)
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}

// follow shows a run until it ends or the user detaches.
func follow(s streams, path string) (ended bool, err error) {
	client, err := control.Dial(path)
	if errors.Is(err, control.ErrNotRunning) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := newProgress(s, "text", false)
	p.open(ctx, client.Do, true)
	defer p.Close()
	if p.screen != nil {
		context.AfterFunc(ctx, p.screen.Close)
		go func(left <-chan struct{}) { <-left; stop() }(p.screen.Done())
	}
	var status engine.Status
	for data, err := range client.Live(ctx) {
		if err != nil {
			if ctx.Err() == nil && status.Ended == "" {
				return false, err
			}
			break
		}
		if json.Unmarshal(data, &status) == nil && status.Run != "" {
			p.Show(status)
		}
	}
	if ctx.Err() != nil {
		p.Close()
		fmt.Fprintf(s.out, "the run continues; attach again with: soak attach %s\n", status.Run)
		return false, nil
	}
	return true, nil
}

// closedWithin bounds the wait for a monitor to close the file of a run that has
// ended.
const closedWithin = 30 * time.Second

// endedReport prints the report of a run that has ended just now or long ago.
func endedReport(s streams, path string) error {
	deadline := time.Now().Add(closedWithin)
	for {
		r, err := runs.Report(path)
		late := time.Now().After(deadline)
		if err == nil && (r.Ended != soak.EndRunning || late) {
			if err := report.Text(s.out, r); err != nil {
				return err
			}
			return exitCode(r.ExitCode)
		}
		if late {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}
