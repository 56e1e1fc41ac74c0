package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/runner"
	"soakmon/soak/schedule"
)

func scheduleCommand(s streams) *cobra.Command {
	var dir string
	var list bool
	cmd := &cobra.Command{
		Use:   "schedule PLAN.yaml…",
		Short: "Start runs when their plans are due",
		Long: `Start runs when their plans are due, as a service.

Each plan has a cron expression (schedule: "0 2 * * *", in its time_zone, UTC by
default). Every run is a separate process; a plan never runs twice at the same
time. SIGTERM ends the running runs with a verdict.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			plans, err := loadScheduled(args)
			if err != nil {
				return err
			}
			if list {
				return listScheduled(s, plans, time.Now())
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			var wg sync.WaitGroup
			for _, p := range plans {
				wg.Go(func() { p.keeper(s, dir).Run(ctx) })
			}
			wg.Wait()
			return nil
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().BoolVar(&list, "list", false, "only list when each plan is due next")
	return cmd
}

// scheduled is one plan with its schedule.
type scheduled struct {
	path string
	plan soak.Plan
	when schedule.Schedule
}

func loadScheduled(paths []string) (all []scheduled, err error) {
	var errs []error
	names := map[string]string{}
	for _, path := range paths {
		p, at, err := runner.LoadPlan(path)
		switch {
		case err != nil:
			errs = append(errs, err)
		case p.Schedule == "":
			errs = append(errs, at.Errorf("", `no schedule: add one, such as schedule: "0 2 * * *"`))
		case names[p.Name] != "":
			errs = append(errs, at.Errorf("name", "duplicate name %q, also used by %s: give each plan its own name", p.Name, names[p.Name]))
		default:
			when, err := schedule.Parse(p.Schedule, p.TimeZone)
			errs = append(errs, err)
			names[p.Name] = path
			all = append(all, scheduled{path, p, when})
		}
	}
	return all, errors.Join(errs...)
}

func listScheduled(s streams, plans []scheduled, now time.Time) error {
	const layout = "Mon 2006-01-02 15:04:05 MST"
	tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PLAN\tSCHEDULE\tNEXT")
	for _, p := range plans {
		for i, t := range p.when.Upcoming(now, 3) {
			if i == 0 {
				fmt.Fprintf(tw, "%s\t%s\t%s\n", p.plan.Name, p.plan.Schedule, t.Format(layout))
				continue
			}
			fmt.Fprintf(tw, "\t\t%s\n", t.Format(layout))
		}
	}
	return tw.Flush()
}

// keeper starts the plan's runs when they are due.
func (p scheduled) keeper(s streams, dir string) schedule.Keeper {
	log := logger(s, p.plan.Name)
	return schedule.Keeper{
		Job: schedule.Job{
			Name: p.plan.Name, When: p.when, Jitter: p.plan.Jitter, Deadline: p.plan.Deadline,
			CatchUp: p.plan.CatchUp, Queue: p.plan.Overlap == soak.OverlapQueue, Keep: p.plan.Keep,
		},
		Dir: dir, Log: log,
		Start: func(ctx context.Context) { runPlan(ctx, s, p.path, dir, log) },
	}
}
