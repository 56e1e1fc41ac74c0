package report

import (
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// presence is the series that shows whether the target was measured at a tick:
// every process has a resident set.
const presence = "rss_bytes"

// evidence compares what was measured with what was due.
func (b *builder) evidence(r *Report) error {
	profiles, err := b.src.Profiles()
	if err != nil {
		return err
	}
	r.Evidence.Profiles, r.Evidence.ProfileCost, r.Evidence.HeapSnapshot = len(profiles), cost(profiles, b.end), heapSnapshot(profiles)
	s, err := b.src.Series(soak.SeriesOf(soak.RoleTarget, presence))
	if err != nil {
		s = soak.Series{} // never measured
	}
	end := b.end
	if r.Ended == soak.EndFinished {
		end = max(end, b.plan.Duration) // samples that were not written at the end were due too
	}
	r.Evidence.SamplesDue, r.Evidence.Samples, r.Evidence.Gaps = coverage(s, b.plan.Interval, end)
	for _, e := range b.events {
		switch e.Kind {
		case soak.EventRestart:
			r.Evidence.Restarts++
		case soak.EventRest:
			if e.Name != soak.ForcedGC {
				r.Evidence.Rests++
			}
		}
	}
	return nil
}

// coverage counts the ticks due until end, those at which the series has a
// value, and the gaps: consecutive ticks without one.
func coverage(s soak.Series, interval, end time.Duration) (due, measured, gaps int) {
	if interval <= 0 {
		return 0, 0, 0
	}
	due = int(end / interval)
	next := 1 // the tick expected next, from 1
	for i, at := range s.At {
		tick := int(at / interval)
		if math.IsNaN(s.Value[i]) || tick < next {
			continue // not measured, or a rest sample between two ticks
		}
		if tick > next {
			gaps++
		}
		measured++
		next = tick + 1
	}
	if next <= due {
		gaps++
	}
	return due, min(measured, due), gaps
}

// cost is the share of a core that the target used while profiles of it were
// fetched: an upper bound on their cost. Each is measured in steps of 10 ms.
func cost(profiles []soak.ProfileMeta, end time.Duration) soak.Float {
	if len(profiles) == 0 || end <= 0 {
		return soak.Float(nan)
	}
	total := 0.0
	for _, m := range profiles {
		if m.Kind != "cpu" {
			total += float64(m.CPU)
		}
	}
	return soak.Float(total / end.Seconds())
}

// heapSnapshot is the cost of one heap snapshot, nil if there is none.
func heapSnapshot(profiles []soak.ProfileMeta) *SnapshotCost {
	var cpu float64
	var took, pause time.Duration
	n := 0
	for _, m := range profiles {
		if m.Kind == "heap" {
			n, cpu, took, pause = n+1, cpu+float64(m.CPU), took+m.Took, max(pause, m.Pause)
		}
	}
	if n == 0 {
		return nil
	}
	c := &SnapshotCost{soak.Float(cpu / float64(n)), soak.Float(took.Seconds() / float64(n)), soak.Float(nan)}
	if pause > 0 {
		c.Pause = soak.Float(pause.Seconds())
	}
	return c
}

// snapshot says what a heap snapshot cost the target; "" if there is none.
func (e Evidence) snapshot() string {
	c := e.HeapSnapshot
	if c == nil {
		return ""
	}
	text := fmt.Sprintf("a heap snapshot cost the target at most %s of CPU time; ", human.Seconds(c.CPU))
	if c.Pause != c.Pause {
		return text + "GC pauses unknown"
	}
	return text + "longest GC pause " + human.Seconds(c.Pause)
}

// profiles says how many profiles were taken, and what they cost the target.
func (e Evidence) profiles() string {
	count := human.Count(e.Profiles, "profile")
	if e.Profiles == 0 {
		return count
	}
	return fmt.Sprintf("%s (cost: at most %.2g %% of a core)", count, 100*float64(e.ProfileCost))
}
