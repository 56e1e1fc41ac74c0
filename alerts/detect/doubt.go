package detect

import "slices"

const (
	changeEnded alternative = "a change that has ended explains it as well"
	fellBefore  alternative = "it rose like this before and fell back"
	saturates   alternative = "it is levelling off"
	slowsDown   alternative = "it rises ever more slowly and may level off"
	slowWave    alternative = "it may be one slow wave, such as a day's"
	fewSteps    alternative = "a few steps, each of which has ended, explain it as well"
	highsStay   alternative = "its highs do not rise with its lows"
	notInEach   alternative = "not in every life of the process"
)

// alternative is asked before an alarm only. It looks for any way to explain what
// was found without growth that lasts, and returns it, or nothing.
//
// The search for pieces knows noise of one kind, AR(1), and so its costs only
// propose; here the proposals compete under all noises of the grid, and the
// other views are heard.
func (f *finding) alternative(pts []point, quantum, left, alpha float64) alternative {
	r := f.rivals(quantum)
	grown := f.costGrown(r)
	switch {
	case r.cost(f.bounded) < grown+margin || f.ended():
		return changeEnded
	case f.cameBack():
		return fellBefore
	}
	if why := f.slackens(r, grown); why != "" {
		return why
	}
	switch {
	case f.waves(r, grown, left, alpha):
		return slowWave
	case f.stairs(quantum):
		return fewSteps
	case f.contradicted(pts, quantum):
		return highsStay
	}
	return ""
}

// ended tells whether a course that is bounded is better by far already.
func (f *finding) ended() bool { return f.bounded.cost < f.growing.cost-margin }

func (f *finding) costGrown(r rivals) float64 {
	if f.grown == 0 {
		f.grown = r.cost(f.growing)
	}
	return f.grown
}

// cameBack tells whether the view rose before the last piece by at least half
// as much, fell back by as much, and is not far above that old height by now:
// growth that is given back is no leak. (Restarts are breaks and end a view.)
func (f *finding) cameBack() bool {
	v := &f.view
	at := (f.from - v.origin) / v.span
	if c := f.chosen(); c.jump > 0 {
		at = max(at, v.t[c.jump]) // what it fell by then is given back, too
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
func (f *finding) contradicted(pts []point, quantum float64) bool {
	from := slices.IndexFunc(pts, func(p point) bool { return p.t >= f.from })
	late := pts[max(0, from):]
	if len(late) < leastPoints {
		return false
	}
	for _, v := range [...]view{middle(late, 48), ceilings(late, 48)} {
		n := len(v.t)
		if n < leastPoints || v.scale == 0 {
			continue
		}
		tr := estimate(v.t, [][]float64{ones(n), v.t, v.y}, noises(1/float64(n), 1), v.floorVariance(quantum)).times(v.scale / v.span)
		if tr.known() && tr.quantile(1-suspicion) < f.trend.slope/4 {
			return true
		}
	}
	return false
}
