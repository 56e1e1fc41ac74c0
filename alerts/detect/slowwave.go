package detect

import (
	"math"
	"slices"
)

// bestSlowWave fits one wave of too few cycles to be called periodic, at least
// slowest, together with fixed regressors, by least squares.
func (f *fit) bestSlowWave(fixed basis, slowest float64) (sin, cos []float64) {
	wave := newOscillator(f.view.t)
	residue := func(frequency float64) float64 { return fixed.residualWith(wave.at(frequency)) }
	best := slowest
	for frequency := slowest; frequency < leastCycles; frequency += 0.25 {
		if residue(frequency) < residue(best) {
			best = frequency
		}
	}
	return wave.at(minimum(residue, max(slowest, best-0.25), best+0.25))
}

// slowWaveExplains reports whether one slow wave, of which too little was measured
// to call it periodic, explains the whole view as well as growth. Growth must
// exclude a wave that was measured whole, at odds of 20 to 1 (margin), because
// such a wave returns by itself. While planned time remains (left, in hours),
// growth must also exclude every wave that will be whole by the end: it must be
// 1/alpha times as likely, which has a probability of at most alpha under such a
// wave in all looks together (Ville 1939). It must do so at either price of a
// parameter: a model with many parameters can follow a wave that exceeds the noise
// many times, although three parameters describe it.
func (f *fit) slowWaveExplains(r comparison, growing, left, alpha float64) bool {
	// While time remains, slower waves count, and at the odds of a false alarm.
	span := f.view.span
	whole, edge := span/(span+left), float64(margin)
	if left > (lookGrowth-1)*span {
		whole, edge = min(slowest, whole), 2*math.Log(float64(len(r.kept))/alpha)
	}
	flat, level := f.growing.level(), newBasis(f.view.y, ones(len(f.view.t)))
	if flat.step > 0 {
		level = level.with(after(len(f.view.t), flat.step))
	}
	excess := func(r comparison, growing, slowest float64) float64 {
		cost := r.with(f.bestSlowWave(level, slowest)).cost(flat)
		// The periods may have been fitted to the wave: try it with them, next to
		// them, and with periods that are searched for after it.
		if also := f.regularColumns(); also != nil {
			sin, cos := f.bestSlowWave(level.with(also...), slowest)
			cost = min(cost, r.with(sin, cos).cost(flat), r.again(f, sin, cos).with(sin, cos).cost(flat))
		}
		return cost - growing
	}
	wide := r
	wide.wide = true
	return excess(r, growing, whole) < edge || excess(wide, wide.cost(f.growing), whole) < edge ||
		slowest < whole && excess(r, growing, slowest) < -saturationMargin
}

// again searches for the periods once more, together with other columns. Those found
// before may be distorted by a slow wave under them.
func (r comparison) again(f *fit, columns ...[]float64) comparison {
	g, also := *f, f.regularColumns()
	g.periods = periods(f.view.t, subtractFit(slices.Concat(also, [][]float64{ones(len(f.view.t))}, columns), f.view.y, len(also)))
	r.extra = pickAll(g.regularColumns(), r.kept)
	r.shapes += len(g.periods) - len(f.periods)
	return r
}

// slopeUnderWave returns the slope of a line with one slow wave, where that
// explains the whole view better than the chosen model does, in which a change has
// ended: the fall of a wave may hide growth. Elsewhere the trend is unknown.
func (f *fit) slopeUnderWave(quantum float64) (none trend) {
	c, v := f.chosen(), &f.view
	if v.scale == 0 || c.start() == 0 && c.step == 0 && c.tau == 0 {
		return none
	}
	n, r := len(v.t), f.compare(quantum)
	columns := append([][]float64{ones(n)}, f.regularColumns()...)
	sin, cos := f.bestSlowWave(newBasis(v.y, columns...).with(v.t), slowest)
	if r.with(sin, cos).cost(model{starts: []int{0}, grows: true}) > r.cost(c)-margin {
		return none
	}
	columns = append(columns, sin, cos, v.t, v.y)
	return estimate(v.t, columns, r.grid, r.floor).scaledBy(v.scale / v.span)
}

// netRise is by how much a view with a change point or a curve ends above its
// beginning: a temporary fall may hide growth.
func (f *fit) netRise() float64 {
	v, c := &f.view, f.chosen()
	if v.scale == 0 || c.start() == 0 && c.step == 0 && c.tau == 0 {
		return 0
	}
	n := len(v.y)
	few := max(3, n/24)
	return (trimmedMean(slices.Clone(v.y[n-few:])) - trimmedMean(slices.Clone(v.y[:few]))) * v.scale
}
