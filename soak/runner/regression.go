package runner

import (
	"errors"
	"fmt"
	"io"
	"time"

	"soakmon/soak"
	"soakmon/soak/compare"
	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/store"
)

// mostNights are the newest of a plan's runs that one is compared with.
const mostNights = 10

// CompareWithEarlier compares the run at path with the earlier ones of its plan, if
// the plan asks for it and the run finished, and stores the result in the file:
// the report has it from there, also when the earlier files are long gone.
func CompareWithEarlier(dir, path string, p soak.Plan, log io.Writer) error {
	if p.Regression == 0 {
		return nil
	}
	r, err := runs.Report(path)
	if err != nil || r.Ended != soak.EndFinished {
		return err
	}
	earlier, err := earlierRuns(dir, r)
	if err != nil {
		return err
	}
	nights := compare.Regression(r, earlier, p.Regression)
	if err := keepNights(path, r, nights); err != nil {
		return err
	}
	sinks, err := openSinks(p, log)
	if err != nil || len(nights.Worse) == 0 || len(sinks) == 0 {
		return err
	}
	return deliverLeftover(path, sinks)
}

func keepNights(path string, r report.Report, nights soak.Regression) error {
	w, err := store.Reopen(path, store.Options{})
	if err != nil {
		return err
	}
	run := w.Run()
	run.Nights = &nights
	err = w.SetRun(run)
	for _, worse := range nights.Worse {
		err = errors.Join(err, w.Enqueue(soak.Alert{
			Run: r.Run, Rule: soak.RegressionRule, Severity: "warning", State: soak.Firing, Process: worse.Process, Metric: worse.Metric, Unit: worse.Unit,
			Since: r.Start, At: time.Now(), Growth: soak.UnknownGrowth(), Last: soak.Float(worse.Value), Reason: worse.Text,
		}))
	}
	return errors.Join(err, w.Close())
}

// earlierRuns judges the finished runs of the same name that began before.
func earlierRuns(dir string, r report.Report) (all []report.Report, err error) {
	entries, err := store.List(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Err != nil || e.InUse || e.Run.Name != r.Name || e.Run.Ended != r.Ended || !e.Run.Start.Before(r.Start) {
			continue
		}
		one, err := runs.Report(e.Path)
		if err != nil {
			return nil, fmt.Errorf("compare with the run before: %w", err)
		}
		if all = append(all, one); len(all) == mostNights {
			break
		}
	}
	return all, nil
}
