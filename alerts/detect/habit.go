package detect

import (
	"fmt"
	"math"
	"slices"

	"soakmon/soak/human"
)

// A habit is growth in steps that has not ended: a compound renewal process, whose
// rate is that of its steps times their mean size (Cox 1962, 8.3).
type habit struct {
	steps []rise
	size  float64 // mean, in the unit of the series
	from  float64 // hours: where it began
	p     float64 // that levels without growth rise in each step
	trend trend   // the rate, with what the scatter of waits and of sizes leaves open
}

// rootCenter is where, as a share of the time, half of the steps of growth with the
// square root of time have happened, on average: (1/2) / (1/2 + 1).
const rootCenter = 1. / 3

// habit finds growth in steps that has not ended, at the error probability alpha.
//
// It must not be chance. The levels of a healthy process may be in any order: k steps
// up, and none down, have probability 1/(k+1)!. Where levels only drift, like a random
// walk, each step is up or down, so that k steps up have 2^-k.
//
// It must not be something bounded that is filled in steps, whose steps become
// rarer or smaller. The mean time of the steps, weighted by their sizes, is half of
// the time for steps that keep their pace, and a third for growth with the
// square root of time, whose pace falls to half of its mean, and which exponential
// approaches and doublings are below. The scatter of waits and of sizes says how
// well that mean is known; it must exclude the square root.
//
// It must not have ended: no wait is longer than the last one with probability 1/k
// at most, if the steps keep their pace.
func (a *ascent) habit(alpha float64) (h habit, ok bool) {
	k := len(a.each)
	count := float64(k)
	chance, _ := math.Lgamma(count + 2)
	if a.fell || math.Exp(-chance) >= alpha || math.Exp2(-count) >= suspicion {
		return h, false
	}
	waits := make([]float64, k-1)
	for i := range waits {
		waits[i] = a.each[i+1].middle() - a.each[i].middle()
	}
	longest := slices.Max(waits)
	wait, waitScatter := scatter(waits)
	size, sizeScatter := scatter(sizes(a.each))
	h = habit{steps: a.each, size: size, from: a.from, p: math.Exp(-chance)}
	if first := a.each[0].middle(); first-a.from > longest { // it began later
		h.from = first - wait
	}
	span := a.to - h.from
	if a.to-a.each[k-1].middle() > longest || span < lastShare*(a.to-a.from) {
		return h, false
	}
	center := 0.0
	for _, r := range a.each {
		center += (r.middle() - h.from) / span * r.size / (count * size)
	}
	// What the phase of the steps leaves open is one wait, and one step.
	dispersion := waitScatter + sizeScatter + 1/count
	freedom := count - 2
	if center-rootCenter < studentQuantile(power, freedom)*math.Sqrt(dispersion/(12*count)) {
		return h, false
	}
	rate := count * size / span
	h.trend = trend{parts: []part{{weight: 1, slope: rate, err: rate * math.Sqrt(dispersion/count)}}, slope: rate, dof: freedom}
	return h, true
}

// sudden reports whether each rise is a step.
func (h *habit) sudden() bool {
	return !slices.ContainsFunc(h.steps, func(r rise) bool { return !r.sudden })
}

// scatter returns the mean, and the square of the coefficient of variation.
func scatter(values []float64) (mean, square float64) {
	mean = total(values) / float64(len(values))
	for _, v := range values {
		square += (v/mean - 1) * (v/mean - 1)
	}
	return mean, square / float64(len(values)-1)
}

// rose states the habit.
func (h *habit) rose(unit string) string {
	return fmt.Sprintf("rose in %s of about %s", human.Count(len(h.steps), "step"), human.Amount(h.size, unit))
}
