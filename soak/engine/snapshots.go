package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// dumpBelow is the number of goroutines up to which full dumps are taken: one
// of 100,000 costs the target 0.7 s and 15 MB.
const dumpBelow = 10_000

// goroutineLeak is the profile of goroutines that can never run again. Only Go
// programs built with GOEXPERIMENT=goroutineleakprofile serve it, so that its
// lack is not worth telling.
const goroutineLeak = "goroutineleak"

// alertSnapshots keeps snapshots at alerts at least so far apart.
const alertSnapshots = time.Minute

// onceMore is how long a target that let a profile time out is given for the
// next: a rest and the end of the run wait for it.
const onceMore = 5 * time.Second

// snapshots fetches profiles in one goroutine, one set at a time.
type snapshots struct {
	done     chan snapshot
	busy     bool
	now      request       // under way, where busy
	waiting  []request     // alerts, which come a minute apart, and at most one rest
	next     time.Duration // when the next scheduled one is due
	paced    bool          // told that they cost too much to be taken as planned
	alert    time.Duration // of the newest at an alert
	failed   map[string]bool
	silent   bool // the target let the newest set time out
	leakless bool // the target does not serve the goroutineleak profile
	cancel   context.CancelFunc
	work     sync.WaitGroup
}

// request asks for a set of profiles; then, where it is not nil, is told
// whether a garbage collection was forced.
type request struct {
	why  soak.ProfileReason
	then func(collected bool)
}

// snapshot is one set of profiles, as fetched.
type snapshot struct {
	process soak.Process
	parts   []part
}

type part struct {
	kind string
	meta soak.ProfileMeta
	data []byte
	err  error
}

func newSnapshots() *snapshots {
	return &snapshots{done: make(chan snapshot), failed: map[string]bool{}, cancel: func() {}}
}

// close gives up what is under way and waits for it.
func (s *snapshots) close() {
	s.cancel()
	s.work.Wait()
}

// scheduleSnapshot takes a snapshot when one is due.
func (r *run) scheduleSnapshot(at time.Duration) {
	every := r.Plan.Profiles.Every
	if every <= 0 || r.line.rest != nil || at < r.snaps.next {
		return
	}
	r.snaps.next = at + every
	r.snapshot(soak.ProfileSchedule)
}

// snapshot takes profiles of the target. Where that is under way already it
// serves as well, but for an alert: its profiles are to be of now.
func (r *run) snapshot(why soak.ProfileReason) {
	if r.ended != "" || r.snaps.busy && why != soak.ProfileAlert {
		return
	}
	if why == soak.ProfileAlert {
		if r.snaps.alert > 0 && r.now()-r.snaps.alert < alertSnapshots {
			return
		}
		r.snaps.alert = r.now()
	}
	r.request(request{why: why})
}

// request takes profiles as soon as no others are under way: a collection
// forced before a rest is none of that rest.
func (r *run) request(q request) {
	switch {
	case r.snaps.busy:
		r.snaps.waiting = append(r.snaps.waiting, q)
	case r.targetUp && r.target.Pprof != "":
		r.take(q)
	case q.then != nil:
		q.then(false)
	}
}

// take fetches profiles. Pauses are not asked for at rest: the page that tells
// them would be written into the heap that the rest is to measure. A target that
// does not answer is asked for no other profile of the set.
func (r *run) take(q request) {
	r.snaps.busy, r.snaps.now = true, q
	ctx, cancel := context.WithCancel(r.ctx)
	r.snaps.cancel = cancel
	process, kinds, within := r.target, r.kinds(q), time.Duration(0)
	if r.snaps.silent {
		within = onceMore
	}
	r.snaps.work.Go(func() {
		defer cancel()
		s := snapshot{process: process}
		for _, kind := range kinds {
			meta, data, err := r.Fetch(ctx, process, kind, profiles.Options{GC: kind == "heap", Pause: q.then == nil, Seconds: seconds(kind, r.Plan.Profiles.Every), Within: within})
			s.parts = append(s.parts, part{kind, meta, data, err})
			if errors.Is(err, context.DeadlineExceeded) {
				break
			}
		}
		select {
		case r.snaps.done <- s:
		case <-ctx.Done():
		}
	})
}

// seconds is how long a CPU profile samples: a tenth of the time between two
// snapshots, within bounds. Other kinds take none.
func seconds(kind string, every time.Duration) int {
	if kind != "cpu" {
		return 0
	}
	return int(min(max(every/10, time.Second), 10*time.Second) / time.Second)
}

// kinds are the profiles to take: those of the plan, at rest no CPU profile, for
// nothing runs, and a heap profile in any case, for it forces a collection, and
// where it matters the stacks of all goroutines.
func (r *run) kinds(q request) []string {
	kinds := slices.Clone(r.Plan.Profiles.Kinds)
	if q.then != nil {
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "cpu" || kind == "heap" })
		kinds = append(kinds, "heap")
	}
	full := q.why == soak.ProfileStart || q.why == soak.ProfileEnd || q.why == soak.ProfileAlert
	if full && r.history.latest("goroutines") < dumpBelow {
		kinds = append(kinds, "goroutine_dump")
	}
	if full && !r.snaps.leakless {
		kinds = append(kinds, goroutineLeak)
	}
	slices.SortStableFunc(kinds, heapLast)
	return kinds
}

// heapLast orders kinds of profiles. A Go target compresses each profile through
// some 1.2 MB of its own heap; the collection before the heap profile comes
// last, so that the live heap it leaves to be read holds none of that.
func heapLast(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "heap":
		return 1
	case b == "heap":
		return -1
	}
	return 0
}

// snapshotDone stores what was fetched. A kind that fails is told once, and
// once more when it works again.
func (r *run) snapshotDone(s snapshot) {
	at, stored, collected, q := r.now(), 0, false, r.snaps.now
	r.snaps.silent = false
	for _, p := range s.parts {
		r.snaps.silent = errors.Is(p.err, context.DeadlineExceeded)
		if p.kind == goroutineLeak && errors.Is(p.err, profiles.ErrNotServed) {
			r.snaps.leakless = true
			continue
		}
		if p.err != nil {
			if !r.snaps.failed[p.kind] {
				r.note(soak.Event{Kind: soak.EventProbe, Process: soak.RoleTarget, Name: "profile " + p.kind, Text: p.err.Error()})
			}
			r.snaps.failed[p.kind] = true
			continue
		}
		delete(r.snaps.failed, p.kind)
		p.meta.At, p.meta.Wall, p.meta.Process, p.meta.Why = at, time.Now(), soak.RoleTarget, q.why
		r.keep(r.Recorder.PutProfile(p.meta, p.data))
		stored++
		collected = collected || p.meta.GC
	}
	if q.why == soak.ProfileSchedule {
		r.pace(s.price())
	}
	if stored > 0 {
		r.note(soak.Event{Kind: soak.EventSnapshot, Process: soak.RoleTarget, Name: string(q.why), Value: soak.Float(stored), Text: fmt.Sprintf("%d profiles stored", stored)})
	}
	r.snaps.busy = false
	if q.then != nil {
		q.then(collected && r.targetUp && identical(s.process, r.target))
	}
	for len(r.snaps.waiting) > 0 && !r.snaps.busy {
		next := r.snaps.waiting[0]
		r.snaps.waiting = r.snaps.waiting[1:]
		r.request(next)
	}
}
