package detect

import "math"

// A saturation is a curve that rises ever more slowly: its shape over a length
// from 0 to 1, with one parameter between two bounds.
type saturation struct {
	shape  func(u, parameter float64) float64
	lo, hi float64
}

var (
	fastApproach = saturation{exponential, approaches[0], 0.4}
	slowApproach = saturation{exponential, 0.4, 2}
	logarithm    = saturation{func(u, scale float64) float64 { return math.Log1p(u / scale) }, 1. / 512, 1}
	root         = saturation{func(u, _ float64) float64 { return math.Sqrt(u) }, 1, 1}
	hyperbola    = saturation{func(u, half float64) float64 { return u / (u + half) }, approaches[0], 2}
)

func exponential(u, tau float64) float64 { return math.Exp(-u / tau) }

// saturation reports whether a saturation curve explains the last piece, or the
// whole view as one piece, better than growth at a constant rate. An exponential
// approach levels off, however slow it is. Whether a logarithm, a square root or a
// hyperbola will end cannot be known.
func (f *fit) saturation(r comparison, growing float64) alternative {
	for _, starts := range f.scopes() {
		flat := model{starts: starts, step: f.growing.step}
		strict := f.approachBound(r, growing, flat)
		most := max(growing-saturationMargin, strict)
		switch {
		case f.saturationCost(r, flat, slowApproach) < most || !math.IsInf(strict, -1) && f.saturationCost(r, flat, fastApproach) < strict:
			return levelsOff
		case f.saturationCost(r, flat, logarithm) < most || f.saturationCost(r, flat, root) < most || f.saturationCost(r, flat, hyperbola) < most:
			return slowsDown
		}
	}
	return ""
}

// scopes are the segmentations in whose last piece a curve is tried: that of the
// growing model, and the whole view as one piece.
func (f *fit) scopes() [][]int {
	if f.growing.start() > 0 {
		return [][]int{f.growing.starts, {0}}
	}
	return [][]int{{0}}
}

// approachBound returns the cost below which a saturation curve in the last piece
// wins where the growing model itself approaches a line exponentially; elsewhere
// it is minus infinity. A plain line has the advantage over a curve in its place
// (saturationMargin): a slow curve can hardly be distinguished from a line, and a
// rise in random steps bends by chance. An approach to a line has no fewer
// parameters than a curve, so it must win by the margin. It is fitted once more
// here: where it exceeds the noise many times, least squares find its time
// constant better than the search, which assumes correlated noise.
func (f *fit) approachBound(r comparison, growing float64, c model) float64 {
	if f.growing.tau == 0 {
		return math.Inf(-1)
	}
	c.grows = true
	return min(growing, f.saturationCost(r, c, fastApproach)) + margin
}

// saturationCost returns the cost of a model with a saturation curve in its last
// piece. The curve's parameter is found by least squares.
func (f *fit) saturationCost(r comparison, c model, b saturation) float64 {
	s := c.start()
	t := f.view.t[s:]
	fixed := newBasis(f.view.y[s:], ones(len(t)))
	if c.grows {
		fixed = fixed.with(t)
	}
	if c.step > s {
		fixed = fixed.with(after(len(f.view.t), c.step)[s:])
	}
	whole := make([]float64, len(f.view.t))
	values := whole[s:]
	fill := func(parameter float64) {
		for i := range t {
			values[i] = b.shape((t[i]-t[0])/(1-t[0]), parameter)
		}
	}
	best := b.lo
	if b.lo < b.hi {
		best = math.Exp(minimum(func(logarithm float64) float64 {
			fill(math.Exp(logarithm))
			return fixed.residualWith(values, values)
		}, math.Log(b.lo), math.Log(b.hi)))
	}
	fill(best)
	return r.with(whole).cost(c)
}

// A leveling is the exponential approach of the last piece of a view to a level, from
// below. A slope that was fitted together with it leaves it out.
type leveling struct {
	tau  float64 // time constant, hours
	rise float64 // from its beginning to the end of the view
	rate float64 // per hour at the end of the view: the series still rises that fast
}

// leveling returns that of the chosen model; its rate is zero where there is none.
func (f *fit) leveling() (l leveling) {
	c, v := f.chosen(), &f.view
	if c.tau == 0 || v.scale == 0 || v.accelerates(c) {
		return l
	}
	s := c.start()
	t, y := v.t[s:], v.y[s:]
	columns := [][]float64{approach(t, c.tau), ones(len(t))}
	if c.grows {
		columns = append(columns, t)
	}
	if c.step > s {
		columns = append(columns, after(len(v.t), c.step)[s:])
	}
	columns = append(append(columns, pieces(f.regularColumns(), s)...), y)
	var q normal
	q.fill(columns)
	q.factor()
	height := -q.coefficients()[0] * v.scale
	if height <= 0 {
		return l
	}
	left := math.Exp((t[0] - t[len(t)-1]) / c.tau)
	l.tau = v.span * c.tau
	l.rise, l.rate = height*(1-left), height*left/l.tau
	return l
}
