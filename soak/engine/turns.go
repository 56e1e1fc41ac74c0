package engine

import (
	"time"

	"soakmon/soak"
)

// turn is a time from which on one load runs alone, until the next turn.
type turn struct {
	from time.Duration
	load string
}

// The turns of an isolated run: an even number of rounds, of turns of a minute
// where there is time for them.
const (
	usualTurn  = time.Minute
	mostRounds = 20
)

// turns shares a time out among loads evenly. Every other round goes backwards,
// so that what only grows or fades with time is the same for all of them.
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

// takeTurns lets the load run whose turn it is, and no other.
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
	for _, now := range []float64{0, 1} { // one ends before the next begins
		for _, w := range r.Plan.Load {
			was, ok := r.line.factor[w.Name]
			if !ok {
				was = 1 // of the warm-up
			}
			if its := w.Name == alone; its == (now == 1) && was != now {
				r.setRate(w, now)
			}
		}
	}
}
