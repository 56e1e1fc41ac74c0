package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak/control"
	"soakmon/soak/report"
	"soakmon/store"
)

// copyWithin bounds the time to copy a run file that is in use.
const copyWithin = time.Minute

// stored is a run file open for reading; where the run goes on, a copy of it.
type stored struct {
	*store.Reader
	running bool
	temp    string
}

// openRun opens the run file at path. A file in use is copied through the
// running monitor's control socket: its writer locks everybody else out.
func openRun(path string) (*stored, error) {
	r, err := store.Open(path)
	if err == nil {
		return &stored{Reader: r}, nil
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
	return &stored{Reader: r, running: true, temp: temp}, nil
}

// Running reports whether the run goes on.
func (s *stored) Running() bool { return s.running }

// Close closes the file, and removes it where it is a copy.
func (s *stored) Close() error {
	err := s.Reader.Close()
	if s.temp != "" {
		err = errors.Join(err, os.Remove(s.temp))
	}
	return err
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

// withRun finds a run by what stands on the command line and opens it.
func withRun(dir, ref string, do func(*stored) error) error {
	path, err := store.Find(dir, ref)
	if err != nil {
		return err
	}
	s, err := openRun(path)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// readReport judges the run file at path.
func readReport(path string) (report.Report, error) {
	s, err := openRun(path)
	if err != nil {
		return report.Report{}, err
	}
	r, err := report.Build(s, detect.Judge{}, s.running)
	return r, errors.Join(err, s.Close())
}

// runArg takes one RUN, `last` where none is given.
func runArg(args []string) string {
	if len(args) == 0 {
		return "last"
	}
	return args[0]
}
