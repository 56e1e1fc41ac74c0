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

// comparable reports whether the levels of the target so far can be compared. In an
// isolated run they follow the turns: a load that starts raises them, and one that
// stops lets them fall. Only in whole pairs of rounds, the second in reverse order,
// has each load run as long and, on average, as late as the others.
func (r *run) comparable() bool {
	return !r.Plan.Isolate || r.line.pairs > r.pairsJudged || r.line.ending == soak.EndFinished
}

// takeTurns runs the load whose turn it is, and stops all others.
func (r *run) takeTurns(at time.Duration) {
	now := -1
	for i, t := range r.line.turns {
		if t.from <= at {
			now = i
		}
	}
	if now < 0 || r.line.phase != soak.PhaseSteady {
		return
	}
	alone := r.line.turns[now].load
	r.line.pairs = now / (2 * len(r.Plan.Load))
	for _, factor := range []float64{0, 1} { // stop one load before the next starts
		for _, w := range r.Plan.Load {
			was, ok := r.line.factor[w.Name]
			if !ok {
				was = 1 // from the warm-up
			}
			if its := w.Name == alone; its == (factor == 1) && was != factor {
				r.setRate(w, factor)
			}
		}
	}
}
