package main

import (
	"errors"
	"fmt"

	"soakmon/soak/evidence"
	"soakmon/soak/runs"

	"github.com/spf13/cobra"
)

func evidenceCommand(s streams) *cobra.Command {
	var dir, file string
	cmd := &cobra.Command{
		Use:   "evidence [RUN]",
		Short: "Create a bug-report archive: reports, profiles, descriptors, memory, plan, versions",
		Long: `Create a bug-report archive with what a maintainer needs to look into a leak: the
report in HTML, Markdown and JSON, the first and the last profiles and the growth
between them, descriptors and memory by kind, the plan without secrets, versions
and limits, and a README that shows how to repeat the run.`,
		Example: `  soak evidence last -o pack.tar.gz`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runs.With(dir, runArg(args), func(r *runs.Run) error {
				out, err := createOutput(s, file)
				if err != nil {
					return err
				}
				if err := errors.Join(evidence.Pack(out, r), out.Close()); err != nil {
					return err
				}
				if file != "-" {
					fmt.Fprintf(s.out, "%s holds the evidence of %s\n", file, r.Run().ID)
				}
				return nil
			})
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().StringVarP(&file, "output", "o", "pack.tar.gz", "write to `FILE`, which must not exist; - is standard output")
	return cmd
}
