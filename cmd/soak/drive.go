package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"soakmon/soak/load"
	"soakmon/soak/protocol"
)

// driveCommand is the driver: orders on standard input, tallies on file
// descriptor 3. It ends when its standard input does.
func driveCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "drive",
		Short:  "drive load as the monitor orders (started by soak run)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			out := os.NewFile(3, "tallies")
			if _, err := out.Stat(); err != nil {
				return fmt.Errorf("file descriptor 3 is not open: soak drive is started by soak run")
			}
			defer out.Close()
			pages, err := serveDebug()
			if err != nil {
				return err
			}
			defer pages.close()
			var destinations protocol.Destinations
			defer destinations.Close()
			return load.Drive(context.Background(), s.in, out, load.DriveOptions{Open: destinations.Open, Pprof: pages.pprof()})
		},
	}
}

func unknownProtocol(name string) error {
	return fmt.Errorf("unknown protocol %q; there are %v", name, protocol.Names())
}
