// Package selftest plants leaks in the reference server and reports which of
// them the monitor finds on this machine.
//
// A run without a leak, the control, and runs with leaks of every kind at
// falling rates are made at the same time, each as a process of its own.
package selftest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"soakmon/soak/plan"
	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/soak/supervise"
	"soakmon/store"
)

// What the runs of a self-test plant over their whole length, the most first:
// from what nobody should miss down to what is hard to see. It is planted by
// operations, so that the server holds still at rest. Threads and children are
// fewer, since each makes counting the children dearer and so rarer.
var doses = []dose{
	{things: 360, crowd: 36, heap: 36 << 20},
	{things: 90, crowd: 18, heap: 18 << 20},
	{things: 24, crowd: 9, heap: 9 << 20},
	{things: 6, crowd: 4.5, heap: 4.5 * (1 << 20)},
}

// dose is how much of each kind a run plants.
type dose struct {
	things float64 // fds, goroutines
	crowd  float64 // threads, children
	heap   float64 // bytes
}

// Shortest is the shortest load that leaves anything to judge after its warm-up.
const Shortest = 40 * time.Second

// Runs is the number of runs of a self-test, and Leaking that of those with
// leaks.
var (
	Leaking = len(doses)
	Runs    = 1 + Leaking
)

// Run makes the runs with the given load, with program as soak, and assesses
// them. What they record is removed.
func Run(ctx context.Context, program string, load time.Duration) (Result, error) {
	began := time.Now()
	trials, err := runTrials(ctx, program, load)
	if err != nil {
		return Result{}, err
	}
	var leaking []report.Report
	for _, t := range trials[1:] {
		leaking = append(leaking, t.report)
	}
	r := assess(trials[0].report, leaking)
	r.Duration = time.Since(began).Seconds()
	return r, nil
}

// leaks spreads the dose over a run's operations.
func (d dose) leaks(operations float64) []string {
	each := func(kind string, n float64) string { return fmt.Sprintf("%s=1/%.0fop", kind, max(1, operations/n)) }
	return []string{
		each("fd", d.things), each("goroutine", d.things), each("thread", d.crowd), each("child", d.crowd),
		fmt.Sprintf("heap=%.0fB/1000op", math.Ceil(1000*d.heap/operations)),
	}
}

// Around is how long a run takes in addition to its load: the baseline before, and the
// rests until nothing changes.
const Around = 35 * time.Second

// trial is one run of a self-test.
type trial struct {
	name   string
	leaks  []string // as soak run --leak takes them; none in the control
	report report.Report
}

// runTrials makes all runs at the same time, each a process of its own; the
// control is the first. What they record is removed.
func runTrials(ctx context.Context, program string, load time.Duration) ([]*trial, error) {
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
	errs := make([]error, len(trials))
	var wg sync.WaitGroup
	for i, t := range trials {
		wg.Go(func() {
			if errs[i] = t.run(together, program, dir, load); errs[i] != nil {
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
func (t *trial) run(ctx context.Context, program, dir string, load time.Duration) error {
	dir = filepath.Join(dir, t.name)
	args := []string{program, "run", "--quiet", "--dir", dir, "--name", t.name, "--duration", load.String()}
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
		return nil // interrupted, or another run failed and reports why
	case err != nil:
		return fmt.Errorf("run %s: %w", t.name, err)
	case exit.Code == report.ExitError || exit.Code < 0:
		return fmt.Errorf("run %s: %s: %s", t.name, exit, said)
	}
	path, err := store.Find(dir, "last")
	if err != nil {
		return fmt.Errorf("run %s: %w", t.name, err)
	}
	t.report, err = runs.Report(path)
	return err
}
