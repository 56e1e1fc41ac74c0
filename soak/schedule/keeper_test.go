package schedule

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
	"soakmon/store"
)

// recorded writes the file of a run that began at a time.
func recorded(t *testing.T, dir, name string, start time.Time) {
	t.Helper()
	run := soak.Run{ID: store.NewID(start, name), Name: name, Command: "run", Start: start, End: start.Add(time.Minute), Ended: soak.EndFinished}
	w, err := store.Create(store.Path(dir, run.ID), run, store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// kept runs a keeper for a virtual time and returns when it started runs, each of
// which takes the given time, and what it logged.
func kept(t *testing.T, j Job, dir string, takes, length time.Duration) (starts []string, log string) {
	t.Helper()
	when, err := Parse("0 * * * *", "UTC")
	if err != nil {
		t.Fatal(err)
	}
	j.Name, j.When = "hourly", when
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		Keeper{
			Job: j, Dir: dir,
			Start: func(context.Context) {
				began := time.Now()
				starts = append(starts, began.UTC().Format("15:04"))
				time.Sleep(takes)
				recorded(t, dir, "hourly", began)
			},
			Log: func(format string, args ...any) { log += fmt.Sprintf(format, args...) + "\n" },
		}.Run(ctx)
	})
	return starts, log
}

// The bubble's clock starts at midnight UTC of 2000-01-01.
func TestKeeper_Starts(t *testing.T) {
	for name, c := range map[string]struct {
		job    Job
		before time.Duration // age of the newest run; 0: none
		takes  time.Duration
		want   []string
	}{
		"when due":                        {takes: time.Minute, want: []string{"01:00", "02:00", "03:00"}},
		"skips what falls due meanwhile":  {takes: 90 * time.Minute, want: []string{"01:00", "03:00"}},
		"queues what falls due meanwhile": {job: Job{Queue: true}, takes: 90 * time.Minute, want: []string{"01:00", "02:30"}},
		"skips a queued run that is late": {job: Job{Queue: true, Deadline: 10 * time.Minute}, takes: 90 * time.Minute, want: []string{"01:00", "03:00"}},
		"catches up with a missed run":    {job: Job{CatchUp: true}, before: 90 * time.Minute, takes: time.Minute, want: []string{"00:00", "01:00", "02:00", "03:00"}},
		"has missed nothing":              {job: Job{CatchUp: true}, before: 30 * time.Minute, takes: time.Minute, want: []string{"01:00", "02:00", "03:00"}},
		"has never run":                   {job: Job{CatchUp: true}, takes: time.Minute, want: []string{"01:00", "02:00", "03:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.before > 0 {
				recorded(t, dir, "hourly", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(-c.before))
			}
			got, log := kept(t, c.job, dir, c.takes, 3*time.Hour+30*time.Minute)
			if !slices.Equal(got, c.want) {
				t.Errorf("started at %q, want %q\n%s", got, c.want, log)
			}
		})
	}
}

func TestKeeper_NeverTwiceAtOnce(t *testing.T) {
	dir := t.TempDir()
	start := time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC)
	id := store.NewID(start, "hourly")
	w, err := store.Create(store.Path(dir, id), soak.Run{ID: id, Name: "hourly", Start: start}, store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if got, log := kept(t, Job{}, dir, time.Minute, 90*time.Minute); len(got) > 0 || !strings.Contains(log, id+" is still running") {
		t.Errorf("started at %q\n%s", got, log)
	}
}

func TestKeeper_PrunesOldRuns(t *testing.T) {
	dir := t.TempDir()
	recorded(t, dir, "other", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))
	kept(t, Job{Keep: 2}, dir, time.Minute, 5*time.Hour+30*time.Minute)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v, %v: want two runs of the job and the one of another", entries, err)
	}
}
