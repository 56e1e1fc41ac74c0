package runner

import (
	"context"
	"fmt"
	"io"
	"os"

	"soakmon/soak/load"
	"soakmon/soak/protocol"
)

// Drive is the load driver, a child of the monitor: it reads orders from in,
// writes tallies to file descriptor 3, and ends with in.
func Drive(ctx context.Context, in io.Reader) error {
	out, pages, err := ChildOutput("tallies")
	if err != nil {
		return err
	}
	defer out.Close()
	defer pages.Close()
	var destinations protocol.Destinations
	defer destinations.Close()
	return load.Drive(ctx, in, out, load.DriveOptions{Open: destinations.Open, Pprof: pages.Pprof()})
}

// ChildOutput opens file descriptor 3, to which a child writes, and serves the
// child's debug pages.
func ChildOutput(name string) (*os.File, *DebugPages, error) {
	out := os.NewFile(3, name)
	if _, err := out.Stat(); err != nil {
		return nil, nil, fmt.Errorf("file descriptor 3 is not open: this command is started by soak itself")
	}
	pages, err := ServeDebug()
	if err != nil {
		out.Close()
		return nil, nil, err
	}
	return out, pages, nil
}
