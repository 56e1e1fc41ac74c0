package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"soakmon/soak/plan"
	"soakmon/soak/report"
	"soakmon/soak/supervise"
	"soakmon/store"
)

// around is how long a run lasts beside its load: the baseline before, and the
// rests until nothing moves any more.
const around = 35 * time.Second

// trial is one run of a self-test.
type trial struct {
	name   string
	leaks  []string // as soak run --leak takes them; none in the control
	report report.Report
}

// runTrials makes all runs at the same time, each a process of its own; the
// control is the first. What they record is removed.
func runTrials(ctx context.Context, load time.Duration, p *progress) ([]*trial, error) {
	dir, err := os.MkdirTemp("", "soak-selftest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	operations := plan.Default().Load[0].Rate * load.Seconds()
	trials := []*trial{{name: "control"}}
	for i, d := range doses {
		trials = append(trials, &trial{name: fmt.Sprintf("leaks-%d", i+1), leaks: d.leaks(operations)})
	}
	together, cancel := context.WithCancel(ctx)
	defer cancel()
	stopWatch := watchTrials(p, load, len(trials))
	defer stopWatch()
	errs := make([]error, len(trials))
	var wg sync.WaitGroup
	for i, t := range trials {
		wg.Go(func() {
			if errs[i] = t.run(together, dir, load); errs[i] != nil {
				cancel() // the others prove nothing without this one
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, errors.New("the self-test was interrupted: it proves nothing")
	}
	return trials, errors.Join(errs...)
}

// run makes the trial's run and reads its report.
func (t *trial) run(ctx context.Context, dir string, load time.Duration) error {
	dir = filepath.Join(dir, t.name)
	args := []string{self(), "run", "--quiet", "--dir", dir, "--name", t.name, "--duration", load.String()}
	for _, leak := range t.leaks {
		args = append(args, "--leak", leak)
	}
	var said string
	child, err := supervise.Start(ctx, supervise.Spec{Args: args, Output: func(line string) { said = line }})
	if err != nil {
		return err
	}
	exit := child.Exit()
	err = child.Stop(context.WithoutCancel(ctx))
	switch {
	case ctx.Err() != nil:
		return nil // interrupted, or another run failed and tells why
	case err != nil:
		return fmt.Errorf("run %s: %w", t.name, err)
	case exit.Code == report.ExitError || exit.Code < 0:
		return fmt.Errorf("run %s: %s: %s", t.name, exit, said)
	}
	path, err := store.Find(dir, "last")
	if err != nil {
		return fmt.Errorf("run %s: %w", t.name, err)
	}
	t.report, err = readReport(path)
	return err
}

// watchTrials shows how far the runs are, until the returned function is called.
func watchTrials(p *progress, load time.Duration, runs int) (stop func()) {
	begun, ended := time.Now(), make(chan struct{})
	var wg sync.WaitGroup
	p.say("self-test: %d runs side by side, about %s", runs, minutes(load+around))
	wg.Go(func() {
		for next := time.Duration(0); ; {
			elapsed := time.Since(begun)
			line := fmt.Sprintf("[%s of about %s]", minutes(elapsed), minutes(load+around))
			if p.live {
				p.redraw(line)
			} else if elapsed >= next {
				next = elapsed + 3*plainEvery
				p.say("%s", line)
			}
			select {
			case <-ended:
				return
			case <-time.After(time.Second):
			}
		}
	})
	return func() { close(ended); wg.Wait() }
}
