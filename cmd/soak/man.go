package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the man pages; make man runs it.
func manCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the man pages to a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			root.InitDefaultHelpCmd()
			if err := doc.GenManTree(root, &doc.GenManHeader{Title: "SOAK", Section: "1", Source: "soak " + version}, args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(s.out, "man pages in %s: man -l %s/soak.1\n", args[0], args[0])
			return err
		},
	}
}
