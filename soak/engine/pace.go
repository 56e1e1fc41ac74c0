package engine

import (
	"fmt"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Limits of what scheduled profiles may cost the target. A collection of a 1 GiB
// heap of small objects takes 0.3 s of CPU time.
const (
	snapshotShare = 0.005            // of a core
	minSnapshots  = 12               // per run, whatever they cost: fewer could not identify a call site
	pacedAbove    = 30 * time.Minute // planned duration: shorter runs take every profile as planned
)

// pace postpones the next scheduled profiles if the newest set cost too much CPU
// time: cpu, in seconds.
func (r *run) pace(cpu float64) {
	if r.Plan.Duration < pacedAbove {
		return
	}
	apart := time.Duration(cpu / snapshotShare * float64(time.Second))
	apart = min(apart, r.Plan.Duration/minSnapshots)
	if apart <= r.Plan.Profiles.Every {
		return
	}
	r.profiler.next += apart - r.Plan.Profiles.Every
	if !r.profiler.slowed {
		r.profiler.slowed = true
		r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleTarget, Text: fmt.Sprintf("profiles are taken every %s instead of every %s: one set costs the target %s of CPU time, and the limit is %.1f %% of a core",
			apart.Round(time.Second), r.Plan.Profiles.Every, human.Amount(cpu, "seconds"), 100*snapshotShare)})
	}
}

// cost is the CPU time of the target during the fetches, in seconds. CPU profiles
// do not count: they mostly wait while the target does its own work.
func (s profileSet) cost() (cpu float64) {
	for _, p := range s.parts {
		if p.kind != "cpu" {
			cpu += float64(p.meta.CPU)
		}
	}
	return cpu
}
