// Package runs opens stored runs for reading, finds them by what a person
// types, and judges them.
//
// A run file that is still being written is locked by its monitor; this package
// then reads a consistent copy, which it gets from the monitor's control socket
// and removes on Close.
package runs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak/control"
	"soakmon/soak/report"
	"soakmon/store"
)

// copyWithin bounds the time to copy a run file that is in use.
const copyWithin = time.Minute

// Run is a run file that is open for reading, or a copy of one that is in use.
type Run struct {
	*store.Reader
	running bool
	temp    string // the copy; empty if the file itself is open
}

// Open opens the run file at path.
func Open(path string) (*Run, error) {
	r, err := store.Open(path)
	if err == nil {
		return &Run{Reader: r}, nil
	}
	if !errors.Is(err, store.ErrInUse) {
		return nil, err
	}
	temp, err := copyRun(path)
	if err != nil {
		return nil, err
	}
	r, err = store.Open(temp)
	if err != nil {
		os.Remove(temp)
		return nil, err
	}
	return &Run{Reader: r, running: true, temp: temp}, nil
}

// Running reports whether the run was still in progress when it was opened.
func (r *Run) Running() bool { return r.running }

// Close closes the file, and removes it if it is a copy.
func (r *Run) Close() error {
	err := r.Reader.Close()
	if r.temp != "" {
		err = errors.Join(err, os.Remove(r.temp))
	}
	return err
}

// Report judges the run.
func (r *Run) Report() (report.Report, error) {
	return report.Build(r, detect.Judge{}, r.running)
}

func copyRun(path string) (string, error) {
	client, err := control.Dial(path)
	if err != nil {
		return "", fmt.Errorf("%s is in use, and its monitor does not answer: %w", path, err)
	}
	defer client.Close()
	f, err := os.CreateTemp("", "soak-*.soak")
	if err != nil {
		return "", err
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(context.Background(), copyWithin)
	defer cancel()
	if err := client.Copy(ctx, f); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("copy %s from its monitor: %w", path, err)
	}
	return f.Name(), nil
}

// With finds a run as [store.Find] does, opens it, and calls do with it.
func With(dir, ref string, do func(*Run) error) error {
	path, err := store.Find(dir, ref)
	if err != nil {
		return err
	}
	r, err := Open(path)
	if err != nil {
		return err
	}
	return errors.Join(do(r), r.Close())
}

// Report judges the run file at path.
func Report(path string) (report.Report, error) {
	run, err := Open(path)
	if err != nil {
		return report.Report{}, err
	}
	r, err := run.Report()
	return r, errors.Join(err, run.Close())
}

// ReportFor judges the run file at path, and reads its charts if the report
// format shows any.
func ReportFor(path, format string) (r report.Report, c report.Charts, err error) {
	run, err := Open(path)
	if err != nil {
		return r, c, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	if r, err = run.Report(); err != nil {
		return r, c, err
	}
	if slices.Contains(report.FormatsWithCharts, format) {
		c, err = report.Draw(run)
	}
	return r, c, err
}
