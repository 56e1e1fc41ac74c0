package engine

import (
	"time"

	"soakmon/soak"
)

// turn is the time from which one load runs alone, until the next turn.
type turn struct {
	from time.Duration
	load string
}

// An isolated run has an even number of rounds, at most mostRounds. A turn takes
// about usualTurn if the run is long enough.
const (
	usualTurn  = time.Minute
	mostRounds = 20
)

// turns divides the time from from to to evenly among loads. Every other round is in
// reverse order, so that a linear trend in time affects all loads equally.
func turns(loads []soak.Workload, from, to time.Duration) (all []turn) {
	n := len(loads)
	rounds := min(max(int((to-from)/usualTurn)/n/2*2, 2), mostRounds)
	for i := range rounds * n {
		at := i % n
		if i/n%2 == 1 {
			at = n - 1 - at
		}
		all = append(all, turn{from + (to-from)*time.Duration(i)/time.Duration(rounds*n), loads[at].Name})
	}
	return all
}

// takeTurns runs the load whose turn it is, and stops all others.
func (r *run) takeTurns(at time.Duration) {
	alone := ""
	for _, t := range r.line.turns {
		if t.from <= at {
			alone = t.load
		}
	}
	if alone == "" || r.line.phase != soak.PhaseSteady {
		return
	}
	for _, now := range []float64{0, 1} { // stop one load before the next starts
		for _, w := range r.Plan.Load {
			was, ok := r.line.factor[w.Name]
			if !ok {
				was = 1 // from the warm-up
			}
			if its := w.Name == alone; its == (now == 1) && was != now {
				r.setRate(w, now)
			}
		}
	}
}
