package detect

import (
	"math"
	"slices"
)

const (
	endedChange      alternative = "a change that has ended explains it equally well"
	returnedBefore   alternative = "it rose like this before and fell back"
	levelsOff        alternative = "it is leveling off"
	slowsDown        alternative = "it rises ever more slowly and may level off"
	oneSlowWave      alternative = "it may be one slow wave, such as a daily one"
	fewSteps         alternative = "a few steps, each of which has ended, explain it equally well"
	steadyCeiling    alternative = "its maxima do not rise with its minima"
	notEveryLifetime alternative = "not in every lifetime of the process"
	roseAsFar        alternative = "another lifetime rose as far without growth that lasts"
)

// alternative looks for an explanation of the rise other than growth that lasts,
// and returns the first that fits about as well. It is expensive, so it is called
// only before an alarm.
//
// The search for change points assumes AR(1) noise, so it only proposes models.
// Here they compete under every noise of the grid, and the other views of the
// same points are checked too.
func (f *fit) alternative(r comparison, pts []point, quantum, left, alpha float64) alternative {
	// Cheap questions first: each later one fits many more models.
	growing := r.growing
	switch {
	case r.cost(f.bounded) < growing+margin || f.changeHasEnded():
		return endedChange
	case f.fellBackBefore():
		return returnedBefore
	}
	if why := f.saturation(r, growing); why != "" {
		return why
	}
	switch {
	case f.slowWaveExplains(r, growing, left, alpha):
		return oneSlowWave
	case f.stepsExplain(quantum):
		return fewSteps
	case f.ceilingContradicts(pts, quantum):
		return steadyCeiling
	}
	return ""
}

// changeHasEnded reports whether the search alone already prefers a bounded model
// by the margin.
func (f *fit) changeHasEnded() bool { return f.bounded.cost < f.growing.cost-margin }

// fellBackBefore reports whether the view rose by at least half as much before
// the last piece, fell back by as much, and is not far above that old peak now.
// Growth that is given back is not a leak. (A restart is a break and ends a view.)
func (f *fit) fellBackBefore() bool {
	v, at := &f.view, f.lastChange()
	if at <= 0 || len(f.periods) > 0 || v.scale == 0 {
		return false
	}
	rise := f.trend.slope * v.span * (1 - at) / v.scale
	now, least := v.y[len(v.y)-1], math.Inf(1)
	after := permanent(v.y) // the lowest value from each point on
	for i, height := range v.y {
		if v.t[i] > at {
			break
		}
		least = min(least, height)
		if height-least >= rise/2 && height-after[i] >= rise/2 && now <= height+rise/2 {
			return true
		}
	}
	return false
}

// lastChange is when the last piece began, or a fall in it.
func (f *fit) lastChange() float64 {
	v := &f.view
	at := (f.onset - v.origin) / v.span
	if c := f.chosen(); c.step >= leastRun && median3(v.y[c.step-leastRun:]) > median3(v.y[c.step:]) {
		at = max(at, v.t[c.step]) // what it fell by until then was given back too
	}
	return at
}

// ceilingContradicts reports whether the middle or the upper envelope of the last
// piece does not rise: growth lifts both.
func (f *fit) ceilingContradicts(pts []point, quantum float64) bool {
	from := slices.IndexFunc(pts, func(p point) bool { return p.t >= f.onset })
	late := pts[max(0, from):]
	if len(late) < leastPoints {
		return false
	}
	for _, v := range [...]view{middle(late, 48), ceilings(late, 48)} {
		n := len(v.t)
		if n < leastPoints || v.scale == 0 {
			continue
		}
		tr := estimate(v.t, [][]float64{ones(n), v.t, v.y}, noises(1/float64(n), 1), v.floorVariance(quantum)).scaledBy(v.scale / v.span)
		if tr.known() && tr.quantile(1-suspicion) < f.trend.slope/4 {
			return true
		}
	}
	return false
}
