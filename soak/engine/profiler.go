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

// dumpBelow is the number of goroutines from which on no full dumps are taken: a
// dump of 100,000 goroutines costs the target 0.7 s and 15 MB.
const dumpBelow = 10_000

// goroutineLeak is the profile of goroutines that can never run again. Only Go
// programs built with GOEXPERIMENT=goroutineleakprofile serve it, so its absence is
// not reported.
const goroutineLeak = "goroutineleak"

// alertSpacing is the minimum time between two sets of profiles at alerts.
const alertSpacing = time.Minute

// retryLimit is the time limit of the next profile after one that timed out. It is
// short because a rest and the end of the run wait for the profile.
const retryLimit = 5 * time.Second

// profiler fetches profiles in one goroutine, one set at a time.
type profiler struct {
	done          chan profileSet
	busy          bool
	now           profileRequest   // in progress, if busy
	waiting       []profileRequest // alerts, at most one per alertSpacing, and at most one rest
	next          time.Duration    // when the next scheduled set is due
	slowed        bool             // the event that scheduled profiles are postponed has been recorded
	alert         time.Duration    // time of the newest set at an alert
	failed        map[string]bool
	timedOut      bool // the newest set timed out
	noLeakProfile bool // the target does not serve the goroutineleak profile
	cancel        context.CancelFunc
	work          sync.WaitGroup
}

// profileRequest asks for a set of profiles. At rests, then is called with whether a
// garbage collection was forced; otherwise it is nil.
type profileRequest struct {
	why  soak.ProfileReason
	then func(collected bool)
}

// profileSet is one set of profiles as fetched.
type profileSet struct {
	process soak.Process
	parts   []fetchedProfile
}

type fetchedProfile struct {
	kind string
	meta soak.ProfileMeta
	data []byte
	err  error
}

func newProfiler() *profiler {
	return &profiler{done: make(chan profileSet), failed: map[string]bool{}, cancel: func() {}}
}

// close cancels the fetch in progress and waits for its end.
func (s *profiler) close() {
	s.cancel()
	s.work.Wait()
}

// scheduleSnapshot takes a set of profiles if one is due.
func (r *run) scheduleSnapshot(at time.Duration) {
	every := r.Plan.Profiles.Every
	if every <= 0 || r.line.rest != nil || at < r.profiler.next {
		return
	}
	r.profiler.next = at + every
	r.takeSnapshot(soak.ProfileSchedule)
}

// takeSnapshot takes profiles of the target. A set that is already in progress serves
// as well, except for an alert, whose profiles must be taken after it.
func (r *run) takeSnapshot(why soak.ProfileReason) {
	if r.ended != "" || r.profiler.busy && why != soak.ProfileAlert {
		return
	}
	if why == soak.ProfileAlert {
		if r.profiler.alert > 0 && r.now()-r.profiler.alert < alertSpacing {
			return
		}
		r.profiler.alert = r.now()
	}
	r.requestProfiles(profileRequest{why: why})
}

// requestProfiles takes profiles as soon as no others are in progress. A rest does
// not use those: their collection was forced before the rest.
func (r *run) requestProfiles(q profileRequest) {
	switch {
	case r.profiler.busy:
		r.profiler.waiting = append(r.profiler.waiting, q)
	case r.targetUp && r.targetProcess.Pprof != "":
		r.fetchProfiles(q)
	case q.then != nil: // without profiles, the rest must still end
		q.then(false)
	}
}

// fetchProfiles fetches a set of profiles in the background. At rest it does not ask
// for GC pauses: the target would write that page into the heap that the rest
// measures. After a timeout the remaining profiles of the set are skipped.
func (r *run) fetchProfiles(q profileRequest) {
	r.profiler.busy, r.profiler.now = true, q
	ctx, cancel := context.WithCancel(r.ctx)
	r.profiler.cancel = cancel
	process, kinds, within := r.targetProcess, r.kinds(q), time.Duration(0)
	if r.profiler.timedOut {
		within = retryLimit
	}
	r.profiler.work.Go(func() {
		defer cancel()
		s := profileSet{process: process}
		for _, kind := range kinds {
			meta, data, err := r.Fetch(ctx, process, kind, profiles.Options{GC: kind == "heap", Pause: q.then == nil, Seconds: seconds(kind, r.Plan.Profiles.Every), Within: within})
			s.parts = append(s.parts, fetchedProfile{kind, meta, data, err})
			if errors.Is(err, context.DeadlineExceeded) {
				break
			}
		}
		select {
		case r.profiler.done <- s:
		case <-ctx.Done():
		}
	})
}

// seconds is how long a CPU profile samples: a tenth of the time between two sets,
// from 1 s to 10 s. It is 0 for other kinds.
func seconds(kind string, every time.Duration) int {
	if kind != "cpu" {
		return 0
	}
	return int(min(max(every/10, time.Second), 10*time.Second) / time.Second)
}

// kinds are the kinds of profile to take: those of the plan, and at the start, at the
// end and at alerts a dump of all goroutines. At rest there is no CPU profile,
// because nothing runs, and always a heap profile, because it forces a collection.
func (r *run) kinds(q profileRequest) []string {
	kinds := slices.Clone(r.Plan.Profiles.Kinds)
	if q.then != nil {
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "cpu" || kind == "heap" })
		kinds = append(kinds, "heap")
	}
	full := q.why == soak.ProfileStart || q.why == soak.ProfileEnd || q.why == soak.ProfileAlert
	if full && r.history.latest("goroutines") < dumpBelow {
		kinds = append(kinds, "goroutine_dump")
	}
	if full && !r.profiler.noLeakProfile {
		kinds = append(kinds, goroutineLeak)
	}
	slices.SortStableFunc(kinds, heapLast)
	return kinds
}

// heapLast orders the heap profile after all others. A Go target allocates about
// 1.2 MB to compress a profile. The collection of the heap profile comes last, so
// that the live heap measured after it does not include those buffers.
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

// storeProfiles stores a set of profiles. The failure of a kind is recorded once, and
// again only if the kind has worked since.
func (r *run) storeProfiles(s profileSet) {
	at, stored, collected, q := r.now(), 0, false, r.profiler.now
	r.profiler.timedOut = false
	for _, p := range s.parts {
		r.profiler.timedOut = errors.Is(p.err, context.DeadlineExceeded)
		if p.kind == goroutineLeak && errors.Is(p.err, profiles.ErrNotServed) {
			r.profiler.noLeakProfile = true
			continue
		}
		if p.err != nil {
			if !r.profiler.failed[p.kind] {
				r.note(soak.Event{Kind: soak.EventProbe, Process: soak.RoleTarget, Name: "profile " + p.kind, Text: p.err.Error()})
			}
			r.profiler.failed[p.kind] = true
			continue
		}
		delete(r.profiler.failed, p.kind)
		p.meta.At, p.meta.Wall, p.meta.Process, p.meta.Why = at, time.Now(), soak.RoleTarget, q.why
		r.recorded(r.Recorder.PutProfile(p.meta, p.data))
		stored++
		collected = collected || p.meta.GC
	}
	if q.why == soak.ProfileSchedule {
		r.pace(s.cost())
	}
	if stored > 0 {
		r.note(soak.Event{Kind: soak.EventSnapshot, Process: soak.RoleTarget, Name: string(q.why), Value: soak.Float(stored), Text: fmt.Sprintf("%d profiles stored", stored)})
	}
	r.profiler.busy = false
	if q.then != nil {
		q.then(collected && r.targetUp && identical(s.process, r.targetProcess))
	}
	for len(r.profiler.waiting) > 0 && !r.profiler.busy {
		next := r.profiler.waiting[0]
		r.profiler.waiting = r.profiler.waiting[1:]
		r.requestProfiles(next)
	}
}
