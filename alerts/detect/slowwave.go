package detect

import (
	"math"
	"slices"
)

// slowWave finds the wave, of at least so many cycles and of too few to be
// called periodic, that leaves least beside a backdrop.
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

// waves tells whether one slow wave, of which too little was seen to call it
// periodic, explains all there is better than growth. A wave that was seen whole
// growth must exclude, at odds of 20 to 1 (margin), for it brings the series
// back by itself. While planned time is to come (left, in hours), growth must
// exclude every wave that will be whole at the end, too, however few its
// parameters: be 1/alpha times as likely, which under such a wave no look ever
// sees with a probability of more than alpha (Ville 1939). It must be so by
// either price of a parameter: a wave far beyond the noise can be followed by a
// course of many, and is told by three.
func (f *fit) slowWaveExplains(r comparison, growing, left, alpha float64) bool {
	span := f.view.span
	whole, edge := span/(span+left), float64(margin)
	if left > (lookGrowth-1)*span {
		whole, edge = min(slowest, whole), 2*math.Log(float64(len(r.kept))/alpha)
	}
	flat, level := model{starts: []int{0}}, newBasis(f.view.y, ones(len(f.view.t)))
	excess := func(r comparison, growing, slowest float64) float64 {
		cost := r.with(f.bestSlowWave(level, slowest)).cost(flat)
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

// again compares with the periods that are found beside other columns. Those
// found before may be what a slow wave under them made of it.
func (r comparison) again(f *fit, columns ...[]float64) comparison {
	g, also := *f, f.regularColumns()
	g.periods = periods(f.view.t, subtractFit(slices.Concat(also, [][]float64{ones(len(f.view.t))}, columns), f.view.y, len(also)))
	r.extra = pickAll(g.regularColumns(), r.kept)
	r.shapes += len(g.periods) - len(f.periods)
	return r
}

// beneath returns the slope beside one slow wave, where a line under such a wave
// explains all there is better than the course chosen, which tells of a change
// that has ended: what falls with the wave may hide growth. It is unknown where
// it does not.
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

// stayed is by how much a view that did not keep one course ends above where it
// began: what falls for a while may hide growth.
func (f *fit) netRise() float64 {
	v, c := &f.view, f.chosen()
	if v.scale == 0 || c.start() == 0 && c.step == 0 && c.tau == 0 {
		return 0
	}
	n := len(v.y)
	few := max(3, n/24)
	return (trimmedMean(slices.Clone(v.y[n-few:])) - trimmedMean(slices.Clone(v.y[:few]))) * v.scale
}
