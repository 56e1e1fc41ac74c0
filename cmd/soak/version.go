package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"soakmon/soak/protocol"
)

func versionCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(s.out, "soak %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

func protocolsCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "protocols",
		Short: "List the protocols that soak can drive and serve",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			for _, name := range protocol.Names() {
				p, _ := protocol.Lookup(name)
				fmt.Fprintf(s.out, "%-12s %s\n", name, p.Help)
			}
			return nil
		},
	}
}
