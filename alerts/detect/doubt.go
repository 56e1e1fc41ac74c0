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
func (f *finding) doubt(pts []point, quantum float64) string {
	r := f.rivals(quantum)
	grown := r.cost(f.growing)
	switch {
	case r.cost(f.bounded) < grown+margin || f.bounded.cost < f.growing.cost-margin:
		return "a change that has ended explains it as well"
	case f.cameBack():
		return "it rose like this before and fell back"
	case f.levelsOff(r, grown):
		return "it is levelling off"
	case f.slows(r, grown):
		return "it rises ever more slowly and may level off"
	case f.waves(r, grown):
		return "it may be one slow wave, such as a day's"
	case f.contradicted(pts, quantum):
		return "its highs do not rise with its lows"
	}
	return ""
}

// wandering is by how much growth explains the view better than a level with
// any noise, up to a random walk with white noise on top.
func (f *finding) wandering(quantum float64) float64 {
	if f.view.scale == 0 {
		return 0
	}
	r := f.rivals(quantum)
	grown := r.cost(f.growing) + float64(len(f.periods))*math.Log(float64(len(r.kept)))
	whole := r.cost(course{bounds: []int{0}}) - grown
	late := r.late(f.growing)
	least := min(whole, late.cost(f.growing.last(false))-late.cost(f.growing.last(true)))
	if len(f.periods) > 0 { // which may be the wandering's
		r.extra = pickAll(rateColumns(f.view.rate), r.kept)
		least = min(least, r.cost(course{bounds: []int{0}})-grown)
	}
	return least
}

// levelsOff tells whether an approach to a level, however slow, explains the
// last piece, or all there is, better than growth that goes on.
func (f *finding) levelsOff(r rivals, grown float64) bool {
	return f.bent(func(c course, t []float64) bool {
		for _, tau := range [...]float64{0.4, 0.7, 1.2, 2} {
			if r.cost(course{bounds: c.bounds, tau: tau * (1 - t[0])}) < grown-levelling {
				return true
			}
		}
		return false
	})
}

// slows tells whether growth like a logarithm or a square root, whose rate
// falls for ever, explains the last piece, or all there is, better than growth
// at a rate that lasts. Nobody can tell whether it will end.
func (f *finding) slows(r rivals, grown float64) bool {
	return f.bent(func(c course, t []float64) bool {
		y := f.view.y[c.start():]
		shape := func(scale float64) []float64 {
			bend := make([]float64, len(t))
			for i, u := range t {
				bend[i] = math.Log1p((u - t[0]) / (1 - t[0]) / math.Exp(scale))
			}
			return bend
		}
		left := func(scale float64) float64 { return squares(remove([][]float64{ones(len(t)), shape(scale)}, y, 0)) }
		root := make([]float64, len(t))
		for i, u := range t {
			root[i] = math.Sqrt((u - t[0]) / (1 - t[0]))
		}
		for _, bend := range [][]float64{shape(minimum(left, math.Log(1./512), 0)), root} {
			whole := append(make([]float64, c.start()), bend...)
			if r.with(whole).cost(course{bounds: c.bounds}) < grown-levelling {
				return true
			}
		}
		return false
	})
}

// bent asks of the last piece, and of all there is as one piece.
func (f *finding) bent(explains func(c course, t []float64) bool) bool {
	s := f.growing.start()
	return explains(f.growing, f.view.t[s:]) || s > 0 && explains(course{bounds: []int{0}}, f.view.t)
}

// waves tells whether one slow wave, of which too little was seen to call it
// periodic, explains all there is better than growth.
func (f *finding) waves(r rivals, grown float64) bool {
	t, y := f.view.t, f.view.y
	wave := func(frequency float64) [][]float64 { return waves(t, []period{{frequency, 1}}) }
	left := func(frequency float64) float64 { return squares(remove(append(wave(frequency), ones(len(t))), y, 0)) }
	best := slowest
	for frequency := slowest; frequency < leastCycles; frequency += 0.25 {
		if left(frequency) < left(best) {
			best = frequency
		}
	}
	best = minimum(left, max(slowest, best-0.25), best+0.25)
	return r.with(wave(best)...).cost(course{bounds: []int{0}}) < grown-levelling
}

// cameBack tells whether the view rose before the last piece by at least half
// as much, fell back by as much, and is not far above that old height by now:
// growth that is given back is no leak. (Restarts are breaks and end a view.)
func (f *finding) cameBack() bool {
	v := &f.view
	at := (f.from - v.origin) / v.span
	if at <= 0 || len(f.periods) > 0 || v.scale == 0 {
		return false
	}
	rise := f.trend.slope * (v.span - (f.from - v.origin)) / v.scale
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
