package detect

import "slices"

const (
	endedChange      alternative = "a change that has ended explains it as well"
	returnedBefore   alternative = "it rose like this before and fell back"
	levelsOff        alternative = "it is levelling off"
	slowsDown        alternative = "it rises ever more slowly and may level off"
	oneSlowWave      alternative = "it may be one slow wave, such as a day's"
	fewSteps         alternative = "a few steps, each of which has ended, explain it as well"
	steadyCeiling    alternative = "its highs do not rise with its lows"
	notEveryLifetime alternative = "not in every life of the process"
)

// alternative is asked before an alarm only. It looks for any way to explain what
// was found without growth that lasts, and returns it, or nothing.
//
// The search for pieces knows noise of one kind, AR(1), and so its costs only
// propose; here the proposals compete under all noises of the grid, and the
// other views are heard.
func (f *fit) alternative(pts []point, quantum, left, alpha float64) alternative {
	r := f.compare(quantum)
	growing := f.growingCost(r)
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

// ended tells whether a course that is bounded is better by far already.
func (f *fit) changeHasEnded() bool { return f.bounded.cost < f.growing.cost-margin }

func (f *fit) growingCost(r comparison) float64 {
	if f.growingMemo == 0 {
		f.growingMemo = r.cost(f.growing)
	}
	return f.growingMemo
}

// cameBack tells whether the view rose before the last piece by at least half
// as much, fell back by as much, and is not far above that old height by now:
// growth that is given back is no leak. (Restarts are breaks and end a view.)
func (f *fit) fellBackBefore() bool {
	v := &f.view
	at := (f.onset - v.origin) / v.span
	if c := f.chosen(); c.step > 0 {
		at = max(at, v.t[c.step]) // what it fell by then is given back, too
	}
	if at <= 0 || len(f.periods) > 0 || v.scale == 0 {
		return false
	}
	rise := f.trend.slope * v.span * (1 - at) / v.scale
	peak := 0
	for i, t := range v.t {
		if t <= at && v.y[i] > v.y[peak] {
			peak = i
		}
	}
	before, after, now := slices.Min(v.y[:peak+1]), slices.Min(v.y[peak:]), v.y[len(v.y)-1]
	height := v.y[peak]
	return height-before >= rise/2 && height-after >= rise/2 && now <= height+rise/2
}

// contradicted tells whether the middle or the ceiling of the same stretch
// says the opposite: growth lifts everything.
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
