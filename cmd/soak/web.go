package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"soakmon/soak/page"

	"github.com/spf13/cobra"
)

func webCommand(s streams) *cobra.Command {
	var dir, addr string
	var child bool
	cmd := &cobra.Command{
		Use:   "web",
		Short: "Serve the web UI: run list, live charts, comparisons, flame graphs",
		Long: `Serve the web UI: run list, live charts, comparisons, flame graphs.

By default it listens on loopback, and every user of this machine can view it;
pausing or stopping a run requires the token in the printed address. On any other
address everything requires the token.`,
		Example: `  soak web
  soak web --addr 0.0.0.0:8080`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			if child {
				go func() { _, _ = io.Copy(io.Discard, s.in); stop() }() // the monitor has gone
			}
			return page.Serve(ctx, dir, addr, version, s.out)
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "listen on `HOST:PORT`; port 0 takes a free port")
	cmd.Flags().BoolVar(&child, "until-eof", false, "end when standard input closes")
	_ = cmd.Flags().MarkHidden("until-eof")
	return cmd
}
