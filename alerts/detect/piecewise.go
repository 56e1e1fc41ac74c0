package detect

import (
	"math"
	"slices"
)

// A model is a piecewise-linear model of a view. Each piece is a straight line
// with a level of its own; the last piece reaches to the end and shows whether the
// view still grows.
type model struct {
	starts []int   // first point of each piece; the slope is that of the last piece
	grows  bool    // the last piece has a slope
	step   int     // first point after a step of the level within the last piece; 0: none
	tau    float64 // time constant of an exponential approach at the last piece's beginning; 0: none
	cost   float64 // BIC (Schwarz 1978): lower is better; a difference of 2 ln k means odds of k to 1
}

func (c model) start() int { return c.starts[len(c.starts)-1] }

const (
	lastShare = 0.25 // of the span that the last piece must cover: growth that has lasted less is not yet sustained
	maxPieces = 6    // up to this number, each change is an event; beyond it, changes belong to the noise
	leastRun  = 3    // fewest points of a piece
)

// correlations are the correlations of the noise between neighboring points that
// are tried; 1 is a random walk.
var correlations = [...]float64{0, 0.3, 0.6, 0.8, 0.9, 0.96, 1}

// approaches are the time constants of warm-up, as shares of the span, around
// which the search looks. One that is longer than a third of the last piece cannot
// be distinguished from a line.
var approaches = [...]float64{1.0 / 64, 1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4}

// search returns the best model that still grows and the best that is bounded:
// whose last piece is flat, or approaches a level, or has one step. It is the
// optimal partitioning of Jackson et al. (2005) for a series with AR(1) noise
// (after Chakar et al. 2017) and these kinds of last piece.
func (p *partition) search(y []float64) (growing, bounded model) {
	p.y = y
	best := [2]candidate{{cost: math.Inf(1), grows: true}, {cost: math.Inf(1)}}
	starts := [2][]int{{0}, {0}}
	for _, phi := range correlations {
		p.transform(phi)
		p.solve()
		for i, c := range p.lastPieces() {
			if c.cost < best[i].cost {
				best[i], starts[i] = c, p.path(c.bound)
				p.refineChanges(starts[i], c)
			}
		}
	}
	return best[0].model(starts[0], len(y)), best[1].model(starts[1], len(y))
}

// A candidate is a model during the search.
type candidate struct {
	bound int // index into the partition's starts
	step  int
	tau   float64
	grows bool
	cost  float64 // residual variance times its price
}

func (c candidate) model(starts []int, n int) model {
	return model{starts: starts, grows: c.grows, step: c.step, tau: c.tau, cost: float64(n) * math.Log(c.cost)}
}

// parameters is the number of parameters of the last piece.
func (c candidate) parameters() int {
	k := 1
	if c.grows {
		k++
	}
	if c.step > 0 {
		k += 2
	}
	if c.tau > 0 {
		k += 2
	}
	return k
}

// lastPieces returns the best candidate that grows and the best that does not.
func (p *partition) lastPieces() (best [2]candidate) {
	best = [2]candidate{{cost: math.Inf(1)}, {cost: math.Inf(1)}}
	keep := func(c candidate, rss float64) {
		i := 1
		if c.grows {
			i = 0
		}
		c.cost = p.cost(c, rss)
		if c.grows && c.step > 0 {
			c.cost *= p.doubt
		}
		if c.cost < best[i].cost {
			best[i] = c
		}
	}
	for b, from := range p.starts {
		if p.short(from) {
			break
		}
		for _, grows := range [...]bool{false, true} {
			keep(candidate{bound: b, grows: grows}, p.residual(from, len(p.t), grows))
		}
	}
	p.trySteps(best, keep)
	p.refineSteps(best, keep)
	p.tryApproaches(keep)
	p.refineApproaches(best, keep)
	return best
}

func (p *partition) short(from int) bool {
	return 1-p.t[from] < lastShare || len(p.t)-from < 2*leastRun
}

// trySteps tries a last piece with a step, flat or with one slope before and after
// it: a single step neither is growth nor hides it. On top of a slope the step must
// be shown by the margin; otherwise noise would turn a part of the slope into steps.
// It must be upwards: a slope with a step down is a tooth of a saw.
// The piece begins at the beginning of the view or where the best candidates so far
// begin theirs.
func (p *partition) trySteps(best [2]candidate, keep func(candidate, float64)) {
	starts := []int{0, best[0].bound, best[1].bound}
	slices.Sort(starts)
	for _, b := range slices.Compact(starts) {
		for _, at := range p.starts {
			if at < p.starts[b]+leastRun || at > len(p.t)-leastRun {
				continue
			}
			flat, line := p.stepRSS(p.starts[b], at)
			keep(candidate{bound: b, step: at}, flat)
			if p.stepsUp(p.starts[b], at) {
				keep(candidate{bound: b, step: at, grows: true}, line)
			}
		}
	}
}

// refineSteps moves the steps of the best candidates from the grid to where they
// fit best, so that neither wins because of the grid.
func (p *partition) refineSteps(best [2]candidate, keep func(candidate, float64)) {
	near := max(1, len(p.t)/64)
	for i, c := range best {
		if c.step == 0 {
			continue
		}
		from := p.starts[c.bound]
		for at := max(from+leastRun, c.step-near); at <= min(len(p.t)-leastRun, c.step+near); at++ {
			rss := [2]float64{}
			rss[1], rss[0] = p.stepRSS(from, at)
			if !c.grows || p.stepsUp(from, at) {
				keep(candidate{bound: c.bound, step: at, grows: c.grows}, rss[i])
			}
		}
	}
}

// tryApproaches tries an exponential approach at the beginning of the last piece.
func (p *partition) tryApproaches(keep func(candidate, float64)) {
	for k, tau := range approaches {
		p.sumTails(p.tails[k], p.decay[k], 0)
		for b, from := range p.starts {
			if p.short(from) || tau > (1-p.t[from])/3 {
				break
			}
			flat, line := p.approachRSS(from, p.tails[k])
			keep(candidate{bound: b, tau: tau}, flat)
			keep(candidate{bound: b, tau: tau, grows: true}, line)
		}
	}
}

// refineApproaches finds the time constants of the best approaches between their
// neighbors on the grid, for both kinds of model, so that neither wins because of
// the grid.
func (p *partition) refineApproaches(best [2]candidate, keep func(candidate, float64)) {
	for i, c := range best {
		if c.tau == 0 || i > 0 && c.tau == best[0].tau && c.bound == best[0].bound {
			continue
		}
		for _, grows := range [...]bool{true, false} {
			from := p.starts[c.bound]
			rss := func(tau float64) float64 {
				p.sumTails(p.spare, approach(p.t[from:], tau), from)
				flat, line := p.approachRSS(from, p.spare)
				if grows {
					return line
				}
				return flat
			}
			tau := minimum(rss, c.tau/2, min(2*c.tau, (1-p.t[from])/3))
			keep(candidate{bound: c.bound, tau: tau, grows: grows}, rss(tau))
		}
	}
}

// minimum returns where f is least between lo and hi: by golden section until
// points on both sides are known, then at the vertex of a parabola (as Brent
// 1973 does).
func minimum(f func(float64) float64, lo, hi float64) float64 {
	const ratio = 0.381966
	x, y := lo+ratio*(hi-lo), hi-ratio*(hi-lo)
	fx, fy := f(x), f(y)
	left, right := math.NaN(), math.NaN() // f(lo), f(hi)
	for i := 0; i < 14 && (i < 4 || math.IsNaN(left+right)); i++ {
		if fx < fy {
			hi, right = y, fy
			y, fy = x, fx
			x = lo + ratio*(hi-lo)
			fx = f(x)
		} else {
			lo, left = x, fx
			x, fx = y, fy
			y = hi - ratio*(hi-lo)
			fy = f(y)
		}
	}
	if fx < fy {
		hi, right = y, fy
	} else {
		lo, left = x, fx
		x, fx = y, fy
	}
	for range 2 { // lo < x < hi, f(x) is the least
		p, q := (x-lo)*(fx-right), (x-hi)*(fx-left)
		v := x - ((x-lo)*p-(x-hi)*q)/(2*(p-q))
		if !(lo < v && v < hi) || v == x {
			break
		}
		switch fv := f(v); {
		case fv < fx && v < x:
			hi, right, x, fx = x, fx, v, fv
		case fv < fx:
			lo, left, x, fx = x, fx, v, fv
		case v < x:
			lo, left = v, fv
		default:
			hi, right = v, fv
		}
	}
	return x
}
