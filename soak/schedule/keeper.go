package schedule

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"soakmon/store"
)

// Job is a plan that is due again and again.
type Job struct {
	Name     string // of the plan and of its runs
	When     Schedule
	Jitter   time.Duration // each start is delayed by up to this time, at random
	Deadline time.Duration // a start that is later than this is skipped; 0: never
	CatchUp  bool          // start at once if a run was missed before the scheduler began
	Queue    bool          // a start that falls due during a run happens after it, once
	Keep     int           // number of run files to keep; 0: all
}

// Keeper starts the runs of a job when they are due. A job never runs twice at
// the same time, neither by the keeper nor by anybody else who records to Dir.
type Keeper struct {
	Job
	Dir   string                                // folder of the run files
	Start func(ctx context.Context)             // makes one run and returns when it has ended
	Log   func(format string, arguments ...any) // what the keeper does, and why
}

// Run keeps the job until ctx ends or the job is never due again.
func (k Keeper) Run(ctx context.Context) {
	if k.CatchUp && k.missed(time.Now()) {
		k.Log("a run was missed; catching up")
		k.run(ctx)
	}
	last := time.Now()
	for ctx.Err() == nil {
		due := k.When.Next(last)
		if due.IsZero() {
			k.Log("never due again")
			return
		}
		start := due.Add(Jitter(k.Name, due, k.Jitter))
		k.Log("next run at %s", start.Format(time.RFC3339))
		if !sleepUntil(ctx, start) {
			return
		}
		last = k.once(ctx, start)
	}
}

// once makes a due run, unless it is too late or another is in progress, and
// returns the time from which the next one is due.
func (k Keeper) once(ctx context.Context, due time.Time) time.Time {
	if late := time.Since(due); k.Deadline > 0 && late > k.Deadline {
		k.Log("skipped: %s late, the deadline is %s", late.Round(time.Second), k.Deadline)
		return time.Now()
	}
	if id := k.inProgress(); id != "" {
		k.Log("skipped: %s is still running", id)
		return due
	}
	k.run(ctx)
	if k.Queue {
		return due // what fell due during the run starts now, once
	}
	return time.Now()
}

// run makes one run and removes old ones.
func (k Keeper) run(ctx context.Context) {
	k.Start(ctx)
	k.prune()
}

// sleepUntil waits for a wall-clock time in short steps, so that a machine that
// was suspended or whose clock was set does not start hours late.
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

// missed reports whether the job was due since its newest run began.
func (k Keeper) missed(now time.Time) bool {
	runs := k.runs()
	return len(runs) > 0 && k.When.Next(runs[0].Run.Start).Before(now)
}

// runs are the job's run files, newest first.
func (k Keeper) runs() []store.Entry {
	entries, err := store.List(k.Dir)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(e store.Entry) bool { return e.Err != nil || e.Run.Name != k.Name })
}

// inProgress is the id of a run of the job that is being written.
func (k Keeper) inProgress() string {
	for _, e := range k.runs() {
		if e.InUse {
			return e.ID
		}
	}
	return ""
}

// prune removes the job's oldest run files beyond those to keep.
func (k Keeper) prune() {
	if k.Keep <= 0 {
		return
	}
	for i, e := range k.runs() {
		if i < k.Keep || e.InUse {
			continue
		}
		if err := os.Remove(e.Path); err != nil {
			k.Log("cannot remove an old run: %v", err)
		}
	}
}

// Outcome says what the exit code of a run means.
func Outcome(code int) string {
	outcomes := []string{"clean", "leak, or a rule was missed", "error", "inconclusive", "target dead or load not achieved"}
	if code < 0 || code >= len(outcomes) {
		return "ended abnormally"
	}
	return fmt.Sprintf("ended with exit code %d: %s", code, outcomes[code])
}
