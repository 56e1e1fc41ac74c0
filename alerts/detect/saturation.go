package detect

import "math"

// A bend is a way to rise ever more slowly: a shape over a length, from 0 to 1,
// with a parameter between two bounds.
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

// slackens tells whether growth whose rate falls explains the last piece, or all
// there is as one piece, better than growth at a rate that lasts. An approach to
// a level ends, however slow it is; of the others nobody can tell whether they
// will.
func (f *fit) saturation(r comparison, growing float64) alternative {
	for _, starts := range f.scopes() {
		flat := model{starts: starts}
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

// scopes are the pieces of the course that grows, and all there is as one, by
// their bounds.
func (f *fit) scopes() [][]int {
	if f.growing.start() > 0 {
		return [][]int{f.growing.starts, {0}}
	}
	return [][]int{{0}}
}

// strictly returns what a bend in the last piece of a course may cost at most
// where growth is an approach to a line. Lines have the edge over a bend in their
// place (levelling): a slow one can hardly be told from a line, and a rise of
// random steps bends by chance. An approach to a line has no fewer parameters
// than a bend and must exclude it. It may be told again, then: where it is many
// times the noise, least squares find its time constant better than the search,
// which takes the noise for correlated.
func (f *fit) approachBound(r comparison, growing float64, c model) float64 {
	if f.growing.tau == 0 {
		return math.Inf(-1)
	}
	c.grows = true
	return min(growing, f.saturationCost(r, c, fastApproach)) + margin
}

// bend returns the cost of a course with a bend in its last piece, whose
// parameter is found by least squares.
func (f *fit) saturationCost(r comparison, c model, b saturation) float64 {
	s := c.start()
	t := f.view.t[s:]
	fixed := newBasis(f.view.y[s:], ones(len(t)))
	if c.grows {
		fixed = fixed.with(t)
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
