package web

import (
	"container/list"
	"sync"
	"time"

	"soakmon/soak/chart"
	"soakmon/soak/report"
)

const (
	mostOpen  = 3                // runs held open at once, besides those in use
	freshCopy = 10 * time.Second // a copy of a running run is good for so long
)

// opened keeps a few runs open, with what was worked out about them: many
// viewers look at the same ones.
type opened struct {
	runs  Runs
	judge Judge
	busy  chan struct{} // bounds the work that takes memory

	mu     sync.Mutex
	byID   map[string]*view
	recent *list.List // of *view, the newest use first
}

// view is an open run.
type view struct {
	id     string
	ready  sync.Once
	run    Run
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

// use opens a run, or finds it open, and calls do with it.
func (o *opened) use(id string, do func(*view) error) error {
	v := o.acquire(id)
	defer o.release(v)
	v.ready.Do(func() {
		o.busy <- struct{}{}
		defer func() { <-o.busy }()
		v.run, v.err = o.runs.Open(id)
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

// stale reports whether a view has to be opened anew: it failed, or the run has
// gone on since it was copied.
func (v *view) stale() bool {
	return v.err != nil || v.run != nil && v.run.Running() && time.Since(v.copied) > freshCopy
}

func (o *opened) release(v *view) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v.users--
	for e := o.recent.Back(); e != nil && o.recent.Len() > mostOpen; {
		before := e.Prev()
		if old := e.Value.(*view); old.users == 0 {
			o.drop(old)
		}
		e = before
	}
}

// drop is called with the lock held, for a view that nobody uses.
func (o *opened) drop(v *view) {
	o.recent.Remove(v.place)
	delete(o.byID, v.id)
	if v.run != nil {
		_ = v.run.Close() // it was only read
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

// draw reduces series to what a browser shows.
func (o *opened) draw(v *view, charts []chart.Chart, g chart.Grid) (chart.Drawing, error) {
	o.busy <- struct{}{}
	defer func() { <-o.busy }()
	return chart.Draw(v.run, charts, g)
}
