package detect

import (
	"math"
	"slices"
)

// doubt is asked before an alarm only. It looks for any way to explain what
// was found without growth, and returns it in words, or nothing.
//
// The search for pieces knows noise of one kind, AR(1), and so its costs only
// propose; here the proposals compete under all noises of the grid, and the
// other views are heard.
func (f *finding) doubt(pts []point, quantum, left, alpha float64) string {
	r := f.rivals(quantum)
	grown := f.costGrown(r)
	switch {
	case r.cost(f.bounded) < grown+margin || f.ended():
		return "a change that has ended explains it as well"
	case f.cameBack():
		return "it rose like this before and fell back"
	}
	if why := f.slackens(r, grown); why != "" {
		return why
	}
	switch {
	case f.waves(r, grown, left, alpha):
		return "it may be one slow wave, such as a day's"
	case f.stairs(quantum):
		return "a few steps, each of which has ended, explain it as well"
	case f.contradicted(pts, quantum):
		return "its highs do not rise with its lows"
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

// waves tells whether one slow wave, of which too little was seen to call it
// periodic, explains all there is better than growth. A wave that was seen whole
// growth must exclude, at odds of 20 to 1 (margin), for it brings the series
// back by itself. While planned time is to come (left, in hours), growth must
// exclude every wave that will be whole at the end, too, however few its
// parameters: be 1/alpha times as likely, which under such a wave no look ever
// sees with a probability of more than alpha (Ville 1939).
func (f *finding) waves(r rivals, grown, left, alpha float64) bool {
	span := f.view.span
	whole, edge := span/(span+left), float64(margin)
	if left > (lookGrowth-1)*span {
		whole, edge = min(slowest, whole), 2*math.Log(float64(len(r.kept))/alpha)
	}
	flat, wave := course{bounds: []int{0}}, newOscillator(f.view.t)
	level := newBackdrop(f.view.y, ones(len(f.view.t)))
	least := func(beside backdrop, slowest float64) (sin, cos []float64) {
		residue := func(frequency float64) float64 { return beside.leaves(wave.at(frequency)) }
		best := slowest
		for frequency := slowest; frequency < leastCycles; frequency += 0.25 {
			if residue(frequency) < residue(best) {
				best = frequency
			}
		}
		return wave.at(minimum(residue, max(slowest, best-0.25), best+0.25))
	}
	excess := func(slowest float64) float64 {
		cost := r.with(least(level, slowest)).cost(flat)
		if also := f.regular(); also != nil {
			sin, cos := least(level.and(also...), slowest)
			cost = min(cost, r.with(sin, cos).cost(flat), r.again(f, sin, cos).with(sin, cos).cost(flat))
		}
		return cost - grown
	}
	return excess(whole) < edge || slowest < whole && excess(slowest) < -levelling
}

// again compares with the periods that are found beside other columns. Those
// found before may be what a slow wave under them made of it.
func (r rivals) again(f *finding, columns ...[]float64) rivals {
	g, also := *f, f.regular()
	g.periods = periods(f.view.t, remove(slices.Concat(also, [][]float64{ones(len(f.view.t))}, columns), f.view.y, len(also)))
	r.extra = pickAll(g.regular(), r.kept)
	r.shapes += len(g.periods) - len(f.periods)
	return r
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
