package web

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"soakmon/soak/chart"
	"soakmon/soak/report"
)

const (
	maxOpen   = 3                // runs held open when nobody uses them
	freshCopy = 10 * time.Second // a copy of a running run is used for this time
)

// opened is a cache of open runs with their reports: most requests are for the
// same few runs.
type opened struct {
	runs  Runs
	judge Judge
	busy  chan struct{} // a semaphore: bounds the memory of concurrent work

	mu     sync.Mutex
	byID   map[string]*view
	recent *list.List // of *view, most recently used first
}

// view is an open run, or the error of opening it.
type view struct {
	id     string
	ready  sync.Once
	run    Run // nil if err is set
	err    error
	copied time.Time

	judged sync.Once
	report report.Report
	judge  error

	users int // guarded by opened.mu
	place *list.Element
}

func newOpened(runs Runs, judge Judge) *opened {
	return &opened{runs: runs, judge: judge, busy: make(chan struct{}, 2), byID: map[string]*view{}, recent: list.New()}
}

// use opens a run unless it is open already, and calls do with it. A run that
// does not exist is errNoRun.
func (o *opened) use(id string, do func(*view) error) error {
	v := o.acquire(id)
	defer o.release(v)
	v.ready.Do(func() {
		o.busy <- struct{}{}
		defer func() { <-o.busy }()
		run, err := o.runs.Open(id)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.err = fmt.Errorf("%w: %q", errNoRun, id)
		case err != nil:
			v.err = err
		default:
			v.run = run // only without an error: otherwise it may be a nil pointer in an interface
		}
		v.copied = time.Now()
	})
	if v.err != nil {
		return v.err
	}
	return do(v)
}

func (o *opened) acquire(id string) *view {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := o.byID[id]
	if v != nil && v.users == 0 && v.stale() {
		o.drop(v)
		v = nil
	}
	if v == nil {
		v = &view{id: id}
		v.place = o.recent.PushFront(v)
		o.byID[id] = v
	}
	v.users++
	o.recent.MoveToFront(v.place)
	return v
}

// stale reports whether a run has to be opened again: opening failed, or the run
// has continued since it was copied.
func (v *view) stale() bool {
	return v.err != nil || v.run != nil && v.run.Running() && time.Since(v.copied) > freshCopy
}

func (o *opened) release(v *view) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v.users--
	for e := o.recent.Back(); e != nil && o.recent.Len() > maxOpen; {
		before := e.Prev()
		if old := e.Value.(*view); old.users == 0 {
			o.drop(old)
		}
		e = before
	}
}

// drop removes a view that nobody uses. The caller holds the lock.
func (o *opened) drop(v *view) {
	o.recent.Remove(v.place)
	delete(o.byID, v.id)
	if v.run != nil {
		_ = v.run.Close() // nothing was written
	}
}

func (o *opened) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range o.byID {
		if v.users == 0 {
			o.drop(v)
		}
	}
}

// reportOf judges a run once.
func (o *opened) reportOf(v *view) (report.Report, error) {
	v.judged.Do(func() {
		o.busy <- struct{}{}
		defer func() { <-o.busy }()
		v.report, v.judge = o.judge(v.run)
	})
	return v.report, v.judge
}

// draw reduces series to the resolution of a browser's charts.
func (o *opened) draw(v *view, charts []chart.Chart, g chart.Grid) (chart.Drawing, error) {
	o.busy <- struct{}{}
	defer func() { <-o.busy }()
	return chart.Draw(v.run, charts, g)
}
