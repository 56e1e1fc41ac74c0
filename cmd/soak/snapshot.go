package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/control"
	"soakmon/store"
)

func snapshotCommand(s streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "snapshot [RUN]",
		Short: "Take profiles of the target of a running run now",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := store.Find(dir, runArg(args))
			if err != nil {
				return err
			}
			client, err := control.Dial(path)
			if err != nil {
				return fmt.Errorf("%s is not running: %w", path, err)
			}
			defer client.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := client.Do(ctx, soak.OrderSnapshot); err != nil {
				return err
			}
			fmt.Fprintln(s.out, "requested; the profiles are stored in the run file")
			return nil
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}
