package main

import (
	"context"

	"soakmon/soak/bench/contender"
	"soakmon/soak/runner"

	"github.com/spf13/cobra"
)

// driveCommand is the driver: orders on standard input, tallies on file
// descriptor 3. It ends when its standard input does.
func driveCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "drive",
		Short:  "drive load as the monitor orders (started by soak run)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return runner.Drive(context.Background(), s.in) },
	}
}

// benchClientCommand is the client of a bench: orders on standard input, readings on
// file descriptor 3, after a hello. It ends when its standard input does.
func benchClientCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "bench-client",
		Short:  "measure as the bench orders (started by soak bench)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return contender.Client(context.Background(), s.in) },
	}
}
