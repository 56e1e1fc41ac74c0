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
		Short: "Serve the page: runs, charts, live and over each other, flame graphs",
		Long: `Serve the page: runs, charts, live and over each other, flame graphs.

By default it listens on loopback and anybody on this machine may look; pausing or
stopping a run needs the token in the address that is printed. On any other
address everything needs the token.`,
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
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "HOST:PORT to listen on; port 0 is a free one")
	cmd.Flags().BoolVar(&child, "until-eof", false, "end when standard input closes")
	_ = cmd.Flags().MarkHidden("until-eof")
	return cmd
}
