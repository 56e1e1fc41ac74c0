package main

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"soakmon/alerts/detect"
	"soakmon/soak/report"
	"soakmon/store"
)

// reportFormats are the formats of every command that ends with a report.
var reportFormats = []string{"text", "json", "markdown", "junit", "html"}

// drawn are those that hold charts.
var drawn = []string{"markdown", "html"}

func reportCommand(s streams) *cobra.Command {
	var dir, format, output string
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Judge a stored run again and print its report; also while it goes on",
		Long: `Judge a stored run again and print its report; also while it goes on.

RUN is a file, an id, the beginning of an id, a name (its newest run) or last,
which is the default. The exit code is the run's.

html is one file with charts that needs nothing else and can be passed around;
markdown fits a step summary or an issue; junit shows a CI system what failed.`,
		Example: `  soak report
  soak report nightly --format html -o nightly.html
  soak report last --format markdown >>"$GITHUB_STEP_SUMMARY"
  soak report last --format junit -o soak.xml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format, reportFormats...); err != nil {
				return err
			}
			path, err := store.Find(dir, runArg(args))
			if err != nil {
				return err
			}
			if is, err := reportBench(s, path, format, output); is || err != nil {
				return err
			}
			r, charts, err := readForFormat(path, format)
			if err != nil {
				return err
			}
			out, err := openOutput(s, output)
			if err != nil {
				return err
			}
			if err := errors.Join(writeReport(out, r, charts, format), out.Close()); err != nil {
				return err
			}
			return exitCode(r.ExitCode)
		},
	}
	dirFlag(cmd, &dir)
	formatFlag(cmd, &format, reportFormats...)
	outputFlag(cmd, &output)
	return cmd
}

// readForFormat judges the run file at path, and reads its charts where the
// format shows them.
func readForFormat(path, format string) (r report.Report, c report.Charts, err error) {
	s, err := openRun(path)
	if err != nil {
		return r, c, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if r, err = report.Build(s, detect.Judge{}, s.running); err != nil {
		return r, c, err
	}
	if slices.Contains(drawn, format) {
		c, err = report.Draw(s)
	}
	return r, c, err
}

// writeReport writes a report in the format asked for.
func writeReport(w io.Writer, r report.Report, c report.Charts, format string) error {
	switch format {
	case "json":
		return report.JSON(w, r)
	case "junit":
		return report.JUnit(w, r)
	case "markdown":
		return report.Markdown(w, r, c)
	case "html":
		return report.HTML(w, r, c)
	}
	return report.Text(w, r)
}
