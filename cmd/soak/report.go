package main

import (
	"errors"

	"github.com/spf13/cobra"

	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/store"
)

func reportCommand(s streams) *cobra.Command {
	var dir, format, output string
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Evaluate a stored run again and print its report (also while it runs)",
		Long: `Evaluate a stored run again and print its report. This also works while the run is
in progress.

RUN is a file, an id, the beginning of an id, a name (its newest run) or last,
which is the default. The exit code is that of the run.

html is a self-contained file with charts; markdown fits a step summary or an
issue; junit shows a CI system what failed.`,
		Example: `  soak report
  soak report nightly --format html -o nightly.html
  soak report last --format markdown >>"$GITHUB_STEP_SUMMARY"
  soak report last --format junit -o soak.xml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := store.Find(dir, runArg(args))
			if err != nil {
				return err
			}
			if is, err := reportBench(s, path, format, output); is || err != nil {
				return err
			}
			r, charts, err := runs.ReportFor(path, format)
			if err != nil {
				return err
			}
			out, err := openOutput(s, output)
			if err != nil {
				return err
			}
			if err := errors.Join(report.Write(out, r, charts, format), out.Close()); err != nil {
				return err
			}
			return exitCode(r.ExitCode)
		},
	}
	dirFlag(cmd, &dir)
	formatFlag(cmd, &format, report.Formats...)
	outputFlag(cmd, &output)
	return cmd
}
