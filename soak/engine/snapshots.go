package engine

import (
	"context"
	"fmt"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// dumpBelow is the number of goroutines up to which full dumps are taken: one
// of 100,000 costs the target 0.7 s and 15 MB.
const dumpBelow = 10_000

// alertSnapshots keeps snapshots at alerts at least so far apart.
const alertSnapshots = time.Minute

// snapshots fetches profiles in one goroutine, one set at a time.
type snapshots struct {
	fetch  Fetch
	done   chan snapshot
	busy   bool
	then   func(collected bool)
	next   time.Duration // when the next scheduled one is due
	alert  time.Duration // of the newest at an alert
	failed map[string]bool
	cancel context.CancelFunc
}

// snapshot is one set of profiles, as fetched.
type snapshot struct {
	why   string
	parts []part
}

type part struct {
	kind string
	meta soak.ProfileMeta
	data []byte
	err  error
}

func newSnapshots(f Fetch) *snapshots {
	return &snapshots{fetch: f, done: make(chan snapshot), failed: map[string]bool{}, cancel: func() {}}
}

func (s *snapshots) close() { s.cancel() }

// scheduleSnapshot takes a snapshot when one is due.
func (r *run) scheduleSnapshot(at time.Duration) {
	every := r.Plan.Profiles.Every
	if every <= 0 || r.line.rest != nil || at < r.snaps.next {
		return
	}
	r.snaps.next = at + every
	r.snapshot("schedule")
}

// snapshot takes profiles of the target unless that is under way already.
func (r *run) snapshot(why string) {
	if why == "alert" {
		if r.snaps.alert > 0 && r.now()-r.snaps.alert < alertSnapshots {
			return
		}
		r.snaps.alert = r.now()
	}
	if r.snaps.busy || !r.targetUp || r.target.Pprof == "" || r.ended != "" {
		return
	}
	r.take(why, nil)
}

// snapshotThen takes profiles and goes on when they are there. Where a set is
// under way already, its end serves as well.
func (r *run) snapshotThen(why string, then func(collected bool)) {
	if r.snaps.busy {
		r.snaps.then = then
		return
	}
	r.take(why, then)
}

func (r *run) take(why string, then func(bool)) {
	r.snaps.busy, r.snaps.then = true, then
	ctx, cancel := context.WithCancel(r.ctx)
	r.snaps.cancel = cancel
	kinds := r.Plan.Profiles.Kinds
	if full := why == "start" || why == "end" || why == "alert"; full && r.history.latest("goroutines") < dumpBelow {
		kinds = append(kinds[:len(kinds):len(kinds)], "goroutine_dump")
	}
	go func(p soak.Process) {
		defer cancel()
		s := snapshot{why: why}
		for _, kind := range kinds {
			meta, data, err := r.Fetch(ctx, p, kind, profiles.Options{GC: kind == "heap"})
			s.parts = append(s.parts, part{kind, meta, data, err})
		}
		select {
		case r.snaps.done <- s:
		case <-r.ctx.Done():
		case <-ctx.Done():
		}
	}(r.target)
}

// snapshotDone stores what was fetched. A kind that fails is told once, and
// once more when it works again.
func (r *run) snapshotDone(s snapshot) {
	at, stored, collected := r.now(), 0, false
	for _, p := range s.parts {
		if p.err != nil {
			if !r.snaps.failed[p.kind] {
				r.note(soak.Event{Kind: soak.EventProbe, Process: soak.RoleTarget, Name: "profile " + p.kind, Text: p.err.Error()})
			}
			r.snaps.failed[p.kind] = true
			continue
		}
		delete(r.snaps.failed, p.kind)
		p.meta.At, p.meta.Wall, p.meta.Process, p.meta.Why = at, time.Now(), soak.RoleTarget, s.why
		r.keep(r.Recorder.PutProfile(p.meta, p.data))
		stored++
		collected = collected || p.meta.GC
	}
	if stored > 0 {
		r.note(soak.Event{Kind: soak.EventSnapshot, Process: soak.RoleTarget, Name: s.why, Value: float64(stored), Text: fmt.Sprintf("%d profiles stored", stored)})
	}
	then := r.snaps.then
	r.snaps.busy, r.snaps.then = false, nil
	if then != nil {
		then(collected)
	}
}
