package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/input"
	"soakmon/soak/plan"
	"soakmon/soak/report"
)

// analysis is the judgement of one foreign series. Its JSON names are stable.
type analysis struct {
	Source        string     `json:"source"`
	Name          string     `json:"name"`
	Verdict       soak.State `json:"verdict"`
	Slope         soak.Float `json:"slope_per_hour"`
	Lo            soak.Float `json:"slope_low"`
	Hi            soak.Float `json:"slope_high"`
	Since         soak.Float `json:"since_s"`
	Detected      soak.Float `json:"detected_s"` // when a monitor that looked all along would have said leak
	MinDetectable soak.Float `json:"min_detectable_per_hour"`
	Level         soak.Float `json:"level"`
	Samples       int        `json:"samples"`
	Reason        string     `json:"reason"`
	Warnings      []string   `json:"warnings,omitempty"`

	unit string
}

// recording is a set of series that belong together.
type recording struct {
	source string
	series []soak.Series
}

type analyzeFlags struct {
	tolerance, column, format string
	prometheus, query         string
	since, step               string
}

func analyzeCommand(s streams) *cobra.Command {
	f := &analyzeFlags{}
	cmd := &cobra.Command{
		Use:   "analyze FILE.csv… | --prometheus URL --query PROMQL",
		Short: "Judge recordings of anybody: does a series grow?",
		Long: `Judge recordings of anybody with the judge that judges runs.

A CSV has a header, a column time (Unix seconds, RFC 3339, or seconds since the
start) and any numeric columns; gzip too; - is standard input. The exit code is
that of the worst verdict.`,
		Example: `  soak analyze rss.csv
  soak analyze --tolerance 1MiB/h --column heap_bytes monday.csv.gz tuesday.csv.gz
  soak analyze --prometheus http://127.0.0.1:9090 --query 'process_resident_memory_bytes' --since 24h --step 30s`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(f.format, "text", "json"); err != nil {
				return err
			}
			tolerance, err := plan.ParseQuantity(f.tolerance)
			if err != nil {
				return fmt.Errorf("--tolerance: %w", err)
			}
			recordings, err := f.read(s, args)
			if err != nil {
				return err
			}
			var all []analysis
			for _, r := range recordings {
				all = append(all, analyze(r, tolerance)...)
			}
			if err := writeAnalyses(s.out, all, f.format); err != nil {
				return err
			}
			return exitCode(worst(all))
		},
	}
	cmd.Flags().StringVar(&f.tolerance, "tolerance", "0", "growth that is allowed: 0, 1MiB/h, 1%/h, …")
	cmd.Flags().StringVar(&f.column, "column", "", "judge this column alone")
	cmd.Flags().StringVar(&f.prometheus, "prometheus", "", "URL of a Prometheus server to ask instead of files")
	cmd.Flags().StringVar(&f.query, "query", "", "PromQL; every series of the answer is judged")
	cmd.Flags().StringVar(&f.since, "since", "24h", "how far back to ask")
	cmd.Flags().StringVar(&f.step, "step", "30s", "time between two points")
	formatFlag(cmd, &f.format, "text", "json")
	return cmd
}

// read gets the recordings that the command line names.
func (f *analyzeFlags) read(s streams, files []string) ([]recording, error) {
	if f.prometheus != "" {
		if len(files) > 0 || f.query == "" {
			return nil, errors.New("--prometheus wants --query, and no files")
		}
		return f.ask()
	}
	if len(files) == 0 {
		return nil, errors.New("what to judge? name CSV files, - for standard input, or --prometheus URL --query PROMQL")
	}
	var out []recording
	var errs []error
	for _, name := range files {
		series, err := readCSV(s, name, f.column)
		errs = append(errs, err)
		out = append(out, recording{name, series})
	}
	return out, errors.Join(errs...)
}

func readCSV(s streams, name, column string) ([]soak.Series, error) {
	if name == "-" {
		return input.CSV(s.in, "standard input", column)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return input.CSV(file, name, column)
}

func (f *analyzeFlags) ask() ([]recording, error) {
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
	series, err := input.Prometheus(ctx, input.Range{URL: f.prometheus, Query: f.query, From: now.Add(-since), To: now, Step: step})
	return []recording{{f.query, series}}, err
}

// analyze judges the series of one recording together.
func analyze(r recording, tolerance soak.Quantity) []analysis {
	var out []analysis
	for _, s := range r.series {
		q := soak.Question{Series: detect.Reduce(s), Limit: math.NaN(), Tolerance: tolerance, Family: len(r.series)}
		v := detect.Judge{}.Judge(q)
		a := analysis{
			Source: r.source, Name: s.Name, Verdict: v.State,
			Slope: soak.Float(v.Slope), Lo: soak.Float(v.Lo), Hi: soak.Float(v.Hi), MinDetectable: soak.Float(v.MinDetectable),
			Since: soak.Float(math.NaN()), Detected: soak.Float(math.NaN()), Level: soak.Float(v.Level),
			Samples: len(s.At), Reason: v.Reason, Warnings: v.Warnings, unit: s.Metric.Unit,
		}
		if v.State == soak.Leaking {
			a.Since = soak.Float(v.Since.Seconds())
			if at, ok := detect.Detected(q); ok {
				a.Detected = soak.Float(at.Seconds())
			}
		}
		out = append(out, a)
	}
	return out
}

// worst is the exit code of the worst verdict: leak, then inconclusive.
func worst(all []analysis) int {
	code := report.ExitClean
	for _, a := range all {
		switch a.Verdict {
		case soak.Leaking:
			return report.ExitLeak
		case soak.Inconclusive:
			code = report.ExitInconclusive
		}
	}
	return code
}

func writeAnalyses(w io.Writer, all []analysis, format string) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(map[string]any{"series": all})
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "VERDICT\tSOURCE\tSERIES\tGROWTH PER HOUR\t95 % INTERVAL\tWOULD HAVE SEEN\tWHY")
	for _, a := range all {
		h := func(v soak.Float) string { return detect.Human(float64(v), a.unit) }
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s … %s\t≥ %s\t%s\n", a.Verdict, a.Source, a.Name, h(a.Slope), h(a.Lo), h(a.Hi), h(a.MinDetectable), a.Reason)
	}
	return tw.Flush()
}
