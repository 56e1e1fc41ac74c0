package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/schedule"
	"soakmon/store"
)

func scheduleCommand(s streams) *cobra.Command {
	var dir string
	var list bool
	cmd := &cobra.Command{
		Use:   "schedule PLAN.yaml…",
		Short: "Start soaks when their plans are due, night after night",
		Long: `Start soaks when their plans are due, night after night.

Each plan says when with a cron spec (schedule: "0 2 * * *", in time_zone, UTC by
default). Every run is a process of its own; a plan never runs twice at once.
SIGTERM ends the running soaks with a verdict.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			nights, err := loadNights(args)
			if err != nil {
				return err
			}
			if list {
				return listNights(s, nights, time.Now())
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			var wg sync.WaitGroup
			for _, n := range nights {
				wg.Go(func() { n.keep(ctx, s, dir) })
			}
			wg.Wait()
			return nil
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().BoolVar(&list, "list", false, "only show when each plan is due next")
	return cmd
}

// night is one plan with its schedule.
type night struct {
	path string
	plan soak.Plan
	when schedule.Schedule
}

func loadNights(paths []string) (nights []night, err error) {
	var errs []error
	names := map[string]string{}
	for _, path := range paths {
		p, at, err := loadPlan(path)
		switch {
		case err != nil:
			errs = append(errs, err)
		case p.Schedule == "":
			errs = append(errs, at.Errorf("", `no schedule: say when it is due, such as schedule: "0 2 * * *"`))
		case names[p.Name] != "":
			errs = append(errs, at.Errorf("name", "%q is the name of %s too: two plans of one name cannot be told apart", p.Name, names[p.Name]))
		default:
			when, err := schedule.Parse(p.Schedule, p.TimeZone)
			errs = append(errs, err)
			names[p.Name] = path
			nights = append(nights, night{path, p, when})
		}
	}
	return nights, errors.Join(errs...)
}

func listNights(s streams, nights []night, now time.Time) error {
	tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PLAN\tSCHEDULE\tNEXT")
	for _, n := range nights {
		for i, t := range n.when.Upcoming(now, 3) {
			if i == 0 {
				fmt.Fprintf(tw, "%s\t%s\t%s\n", n.plan.Name, n.plan.Schedule, t.Format("Mon 2006-01-02 15:04:05 MST"))
				continue
			}
			fmt.Fprintf(tw, "\t\t%s\n", t.Format("Mon 2006-01-02 15:04:05 MST"))
		}
	}
	return tw.Flush()
}

// keep starts the plan's runs when they are due, until ctx ends.
func (n night) keep(ctx context.Context, s streams, dir string) {
	if n.plan.CatchUp && n.missed(dir, time.Now()) {
		n.say(s, "a run was missed; catching up")
		n.run(ctx, s, dir)
	}
	last := time.Now()
	for ctx.Err() == nil {
		due := n.when.Next(last)
		if due.IsZero() {
			n.say(s, "never due again")
			return
		}
		start := due.Add(schedule.Jitter(n.plan.Name, due, n.plan.Jitter))
		n.say(s, "next run at %s", start.Format(time.RFC3339))
		if !sleepUntil(ctx, start) {
			return
		}
		last = n.once(ctx, s, dir, start)
	}
}

// once makes a due run, unless it is too late or another is under way, and
// returns the time from which the next one counts.
func (n night) once(ctx context.Context, s streams, dir string, due time.Time) time.Time {
	if late := time.Since(due); n.plan.Deadline > 0 && late > n.plan.Deadline {
		n.say(s, "skipped: %s late, the deadline is %s", late.Round(time.Second), n.plan.Deadline)
		return time.Now()
	}
	if id := n.underWay(dir); id != "" {
		n.say(s, "skipped: %s is still under way", id)
		return due
	}
	n.run(ctx, s, dir)
	if n.plan.Overlap == soak.OverlapQueue {
		return due // what became due meanwhile runs now, once
	}
	return time.Now()
}

// sleepUntil waits for a wall-clock time in short steps, so that a machine that
// slept or whose clock was set does not start hours late.
func sleepUntil(ctx context.Context, t time.Time) bool {
	for {
		left := time.Until(t.Round(0))
		if left <= 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(min(left, time.Minute)):
		}
	}
}

// missed reports whether the plan was due since its newest run began.
func (n night) missed(dir string, now time.Time) bool {
	runs := n.runs(dir)
	return len(runs) > 0 && n.when.Next(runs[0].Run.Start).Before(now)
}

// runs are the plan's run files, newest first.
func (n night) runs(dir string) []store.Entry {
	entries, err := store.List(dir)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(e store.Entry) bool { return e.Err != nil || e.Run.Name != n.plan.Name })
}

func (n night) underWay(dir string) string {
	for _, e := range n.runs(dir) {
		if e.InUse {
			return e.ID
		}
	}
	return ""
}

// thin removes the plan's oldest run files beyond those to keep.
func (n night) thin(s streams, dir string) {
	if n.plan.Keep <= 0 {
		return
	}
	for i, e := range n.runs(dir) {
		if i < n.plan.Keep || e.InUse {
			continue
		}
		if err := os.Remove(e.Path); err != nil {
			n.say(s, "cannot remove an old run: %v", err)
		}
	}
}

func (n night) say(s streams, format string, args ...any) {
	fmt.Fprintf(s.out, "%s %s: %s\n", time.Now().UTC().Format(time.RFC3339), n.plan.Name, fmt.Sprintf(format, args...))
}

// results name exit codes for the log.
var results = map[int]string{0: "clean", 1: "leak, or a rule was missed", 2: "error", 3: "inconclusive", 4: "target dead or load not achieved"}

func result(code int) string {
	return cmp.Or(results[code], "ended abnormally")
}
