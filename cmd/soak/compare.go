package main

import (
	"errors"

	"github.com/spf13/cobra"

	"soakmon/soak/compare"
	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/store"
)

func compareCommand(s streams) *cobra.Command {
	var dir, format, output string
	cmd := &cobra.Command{
		Use:   "compare RUN RUN…",
		Short: "Compare runs: which differences are statistically significant?",
		Long: `Compare runs: slopes, levels, latency and throughput with their confidence
intervals, and which of the differences are statistically significant.

The first run is the baseline. The exit code is 1 if anything is significantly
worse than in the baseline, and 0 otherwise.`,
		Example: `  soak compare monday tuesday
  soak compare 20261120T0200 last --format html -o compare.html`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			reports, err := readReports(dir, args)
			if err != nil {
				return err
			}
			c := compare.Compare(reports)
			out, err := openOutput(s, output)
			if err != nil {
				return err
			}
			if err := errors.Join(compare.Write(out, c, format), out.Close()); err != nil {
				return err
			}
			if c.Worsened() {
				return exitCode(report.ExitLeak)
			}
			return nil
		},
	}
	dirFlag(cmd, &dir)
	formatFlag(cmd, &format, compare.Formats...)
	outputFlag(cmd, &output)
	return cmd
}

func readReports(dir string, refs []string) (all []report.Report, err error) {
	for _, ref := range refs {
		path, err := store.Find(dir, ref)
		if err != nil {
			return nil, err
		}
		r, err := runs.Report(path)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
