package engine

import (
	"fmt"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// What profiles by schedule may cost the target. A collection of a heap of 1 GiB
// of small objects takes 0.3 s of CPU time.
const (
	snapshotShare   = 0.005            // of a core
	fewestSnapshots = 12               // of a run, whatever they cost: fewer would name nothing
	pacedFrom       = 30 * time.Minute // planned: a shorter run needs its profiles more than its target needs calm
)

// pace puts the next profiles by schedule off for as long as the newest were too
// dear.
func (r *run) pace(cpu float64) {
	if r.Plan.Duration < pacedFrom {
		return
	}
	apart := time.Duration(cpu / snapshotShare * float64(time.Second))
	apart = min(apart, r.Plan.Duration/fewestSnapshots)
	if apart <= r.Plan.Profiles.Every {
		return
	}
	r.snaps.next += apart - r.Plan.Profiles.Every
	if !r.snaps.paced {
		r.snaps.paced = true
		r.note(soak.Event{Kind: soak.EventNote, Process: soak.RoleTarget, Text: fmt.Sprintf("profiles are taken every %s, not every %s: one set costs the target %s of CPU, and they are to cost at most %.1f %% of a core",
			apart.Round(time.Second), r.Plan.Profiles.Every, human.Amount(cpu, "seconds"), 100*snapshotShare)})
	}
}

// price is the CPU time of the target while the profiles were fetched; what a CPU
// profile shows is none of its cost.
func (s snapshot) price() (cpu float64) {
	for _, p := range s.parts {
		if p.kind != "cpu" {
			cpu += float64(p.meta.CPU)
		}
	}
	return cpu
}
