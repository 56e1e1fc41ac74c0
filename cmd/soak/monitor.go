package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"soakmon/soak"
	"soakmon/soak/report"
	"soakmon/soak/runner"
	"soakmon/soak/runs"
)

// monitorFlags are those of the commands that make a run: run and watch.
type monitorFlags struct {
	dir, format, addr string
	quiet, web        bool
}

func (f *monitorFlags) add(cmd *cobra.Command) {
	inGroup(cmd.Flags(), groupOutput, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.dir, "dir", defaultDir(), dirHelp)
		formatFlagIn(flags, &f.format, report.Formats...)
		flags.BoolVar(&f.web, "web", false, "serve the web UI during the run")
		flags.StringVar(&f.addr, "addr", runner.AnyPort, "with --web, listen on `HOST:PORT`; port 0 takes a free port")
		flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no progress, only the report")
	})
	completeFormat(cmd, report.Formats)
}

// monitor makes a run and prints its report; the error carries the exit code.
func (f *monitorFlags) monitor(s streams, command string, args []string, p soak.Plan) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	orders := runner.NewOrders()
	defer signalOrders(orders, cancel)()
	shown := newProgress(s, f.format, f.quiet)
	shown.open(ctx, keys(orders), false)
	defer shown.Close()
	config := runner.Config{
		Command: command, Args: args, Plan: p, Dir: f.dir, Version: version,
		Orders: orders, Display: shown, Log: shown.errors(s.err),
	}
	if f.web {
		config.Page = f.addr
	}
	path, err := runner.Run(ctx, config)
	if err != nil {
		return err
	}
	r, charts, err := runs.ReportFor(path, f.format)
	if err != nil {
		return err
	}
	if err := report.Write(s.out, r, charts, f.format); err != nil {
		return err
	}
	if f.format == "text" {
		fmt.Fprintf(s.out, "file %s\n", path)
	}
	return exitCode(r.ExitCode)
}

// keys gives the run what is typed on the terminal. One that passes Ctrl-C on as
// a key makes no signal of it.
func keys(orders runner.Orders) func(ctx context.Context, order soak.Order) error {
	return func(ctx context.Context, order soak.Order) error {
		if order != soak.OrderInterrupt {
			return orders.Do(ctx, order)
		}
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		return self.Signal(os.Interrupt)
	}
}

// signalOrders turns the first SIGINT, SIGTERM or SIGHUP into an order to end the run
// with a verdict, and the second into an end at once.
func signalOrders(orders runner.Orders, now context.CancelFunc) (stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // by nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-signals:
				if n > 0 {
					now()
					return
				}
				orders <- soak.OrderInterrupt
			}
		}
	}()
	return func() { signal.Stop(signals); close(done) }
}
