package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/human"
	"soakmon/soak/indent"
	"soakmon/soak/output"
	"soakmon/soak/runs"
	"soakmon/store"
)

// listed is one row of soak runs.
type listed struct {
	ID       string     `json:"run"`
	Name     string     `json:"name"`
	Start    time.Time  `json:"start,omitzero"`
	Duration float64    `json:"duration_s"`
	Verdict  soak.State `json:"verdict,omitempty"`
	ExitCode int        `json:"exit_code"`
	Running  bool       `json:"running"`
	Size     int64      `json:"bytes"`
	Error    string     `json:"error,omitempty"`
}

func runsCommand(s streams) *cobra.Command {
	var dir, format string
	var most int
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the stored runs with their verdicts, newest first",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			rows, err := listRuns(dir, most)
			if err != nil {
				return err
			}
			if format == "json" {
				return indent.JSON(s.out, map[string]any{"runs": rows})
			}
			if len(rows) == 0 {
				fmt.Fprintf(s.out, "no runs in %s yet: make one with soak run\n", dir)
				return nil
			}
			tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(tw, "RUN\tSTARTED\tDURATION\tVERDICT\tSIZE")
			for _, r := range rows {
				fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", r.ID, started(r), length(r), outcome(r), human.Size(r.Size))
			}
			return tw.Flush()
		},
	}
	dirFlag(cmd, &dir)
	formatFlag(cmd, &format, "text", "json")
	cmd.Flags().IntVarP(&most, "most", "n", 20, "show at most `N` runs; 0 shows all")
	return cmd
}

func listRuns(dir string, most int) ([]listed, error) {
	entries, err := store.List(dir)
	if err != nil {
		return nil, err
	}
	if most > 0 && len(entries) > most {
		entries = entries[:most]
	}
	rows := make([]listed, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, describe(e))
	}
	return rows, nil
}

// describe judges one run file for the list; a broken one is a row too.
func describe(e store.Entry) listed {
	row := listed{ID: e.ID, Name: e.Run.Name, Start: e.Run.Start, Running: e.InUse, Size: e.Size}
	if e.Err != nil {
		row.Error = e.Err.Error()
		return row
	}
	run, err := runs.Open(e.Path)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	defer run.Close() // it was only read
	if e.Run.Command == bench.Command {
		return describeBench(row, run)
	}
	r, err := run.Report()
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Name, row.Start, row.Duration, row.Verdict, row.ExitCode = r.Name, r.Start, r.Duration, r.Verdict, r.ExitCode
	return row
}

// describeBench is the row of a bench in the list of runs.
func describeBench(row listed, run *runs.Run) listed {
	r, _, err := bench.Load(run)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Name, row.Start, row.Duration, row.Verdict, row.ExitCode = r.Name, r.Start, r.Duration, soak.State(r.Verdict), r.ExitCode
	return row
}

func started(r listed) string {
	if r.Start.IsZero() {
		return "–"
	}
	return r.Start.Local().Format("2006-01-02 15:04")
}

func length(r listed) string {
	return human.Span(r.Duration)
}

func outcome(r listed) string {
	switch {
	case r.Error != "":
		return "unreadable: " + r.Error
	case r.Running:
		return string(soak.EndRunning)
	default:
		return string(r.Verdict)
	}
}

func exportCommand(s streams) *cobra.Command {
	var dir, format, file string
	cmd := &cobra.Command{
		Use:   "export [RUN]",
		Short: "Write the series of a run as CSV or OpenMetrics (also while it runs)",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runs.With(dir, runArg(args), func(r *runs.Run) error {
				out, err := openOutput(s, file)
				if err != nil {
					return err
				}
				if format == "openmetrics" {
					err = output.OpenMetrics(out, r)
				} else {
					err = output.CSV(out, r)
				}
				return errors.Join(err, out.Close())
			})
		},
	}
	dirFlag(cmd, &dir)
	formatFlag(cmd, &format, "csv", "openmetrics")
	outputFlag(cmd, &file)
	return cmd
}

func verifyCommand(s streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "verify [RUN]",
		Short: "Check the integrity of a run file",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := store.Find(dir, runArg(args))
			if err != nil {
				return err
			}
			problems, err := store.Verify(path)
			if err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Fprintln(s.out, p)
			}
			if len(problems) > 0 {
				return fmt.Errorf("%s: %d problems", path, len(problems))
			}
			fmt.Fprintf(s.out, "%s is intact\n", path)
			return nil
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}
