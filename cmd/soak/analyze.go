package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"soakmon/soak"
	"soakmon/soak/analysis"
	"soakmon/soak/input"
	"soakmon/soak/plan"
)

type analyzeFlags struct {
	tolerance, column, format string
	prometheus, query         string
	since, step               string
	restarts                  []string
}

func analyzeCommand(s streams) *cobra.Command {
	f := &analyzeFlags{}
	cmd := &cobra.Command{
		Use:   "analyze FILE.csv… | --prometheus URL --query PROMQL",
		Short: "Run the leak detector on time series from elsewhere",
		Long: `Run the leak detector on time series from elsewhere: CSV files or a Prometheus
query.

A CSV file has a header, a column named time (Unix seconds, RFC 3339, or seconds
since the start) and numeric columns. It may be compressed with gzip; - is
standard input. The worst series is listed first, and the exit code is that of
the worst verdict.

The detector cannot know whether a fall is a restart or memory that was freed: mark
restarts of the process with --restart.`,
		Example: `  soak analyze rss.csv
  soak analyze --tolerance 1MiB/h --column heap_bytes monday.csv.gz tuesday.csv.gz
  soak analyze --restart 7200 --restart 30600 rss.csv
  soak analyze --prometheus http://127.0.0.1:9090 --query 'process_resident_memory_bytes' --since 24h --step 30s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd.Flags(), args); err != nil {
				return err
			}
			tolerance, err := plan.ParseQuantity(f.tolerance)
			if err == nil && tolerance.Per == soak.PerOperation {
				err = fmt.Errorf("invalid tolerance %s: a recording has no operations, use /h or /run", f.tolerance)
			}
			if err != nil {
				return fmt.Errorf("--tolerance: %w", err)
			}
			recordings, err := f.read(s, args)
			if err != nil {
				return err
			}
			if err := f.markRestarts(recordings); err != nil {
				return err
			}
			all, err := analysis.Analyze(recordings, tolerance)
			if err != nil {
				return err
			}
			if err := analysis.Write(s.out, all, f.format); err != nil {
				return err
			}
			return exitCode(analysis.ExitCode(all))
		},
	}
	cmd.Flags().StringVar(&f.tolerance, "tolerance", "0", "`GROWTH` to allow, such as 1MiB/h or 1%/h")
	cmd.Flags().StringVar(&f.column, "column", "", "analyze only the column `NAME`")
	cmd.Flags().StringSliceVar(&f.restarts, "restart", nil, "`TIME` at which the process was restarted, written as in the column time; may be repeated")
	cmd.Flags().StringVar(&f.prometheus, "prometheus", "", "`URL` of a Prometheus server to query instead of reading files")
	cmd.Flags().StringVar(&f.query, "query", "", "query, in `PROMQL`; every series of the result is analyzed")
	cmd.Flags().StringVar(&f.since, "since", "24h", "query the last `DURATION`")
	cmd.Flags().StringVar(&f.step, "step", "30s", "`DURATION` between two points")
	formatFlag(cmd, &f.format, analysis.Formats...)
	return cmd
}

// check refuses flags and arguments that do not go together.
func (f *analyzeFlags) check(flags *pflag.FlagSet, files []string) error {
	if f.prometheus != "" {
		if len(files) > 0 || f.query == "" || f.column != "" {
			return errors.New("--prometheus needs --query, and takes neither files nor --column")
		}
		return nil
	}
	for _, name := range []string{"query", "since", "step"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s needs --prometheus URL", name)
		}
	}
	if len(files) == 0 {
		return errors.New("no series: name CSV files, - for standard input, or give --prometheus URL --query PROMQL")
	}
	return nil
}

// read gets the recordings that the command line names.
func (f *analyzeFlags) read(s streams, files []string) ([]input.Recording, error) {
	if f.prometheus != "" {
		return f.ask()
	}
	var out []input.Recording
	var errs []error
	for _, name := range files {
		r, err := readCSV(s, name, f.column)
		errs = append(errs, err)
		out = append(out, r)
	}
	return out, errors.Join(errs...)
}

func readCSV(s streams, name, column string) (none input.Recording, err error) {
	if name == "-" {
		return input.CSV(s.in, "standard input", column)
	}
	file, err := os.Open(name)
	if err != nil {
		return none, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return none, fmt.Errorf("%s is a folder: name the files in it, such as %s/*.csv", name, name)
	}
	return input.CSV(file, name, column)
}

// markRestarts marks each restart in the recordings that include its time.
func (f *analyzeFlags) markRestarts(recordings []input.Recording) error {
	for _, at := range f.restarts {
		somewhere := false
		for _, r := range recordings {
			marked, err := r.Restart(at)
			if err != nil {
				return fmt.Errorf("--restart: %w", err)
			}
			somewhere = somewhere || marked
		}
		if !somewhere {
			return fmt.Errorf("--restart %s: no recording has samples before and after this time; %s", at, recordings[0].Span())
		}
	}
	return nil
}

func (f *analyzeFlags) ask() ([]input.Recording, error) {
	since, err := plan.ParseDuration(f.since)
	if err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	step, err := plan.ParseDuration(f.step)
	if err != nil {
		return nil, fmt.Errorf("--step: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	now := time.Now()
	r, err := input.Prometheus(ctx, input.Range{URL: f.prometheus, Query: f.query, From: now.Add(-since), To: now, Step: step})
	return []input.Recording{r}, err
}
