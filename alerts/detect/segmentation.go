package detect

import "math"

// A partition is the search for the change points of a view, for one correlation
// phi of the noise. After the transform z[i] = y[i] − phi·y[i−1] the noise is
// white, a level becomes the constant 1−phi and a slope the regressor
// x[i] = t[i] − phi·t[i−1]. Running sums give the fit of any piece in constant
// time. The first point of a piece is left out: it depends on the one before.
type partition struct {
	t, y   []float64
	floor  float64 // least residual variance
	starts []int   // points at which pieces may begin
	phi    float64
	level  float64 // 1 − phi

	x, z  []float64
	sums  []moments // sums[i]: over the points 1 to i
	heads []moments // those at the starts
	means []float64 // means[n] is 1/n, or 0 where phi leaves no level
	pairs []float64 // residual sums of squares of the lines between starts, grouped by the start at which they end
	tails [len(approaches)][]tail
	decay [len(approaches)][]float64 // the approaches themselves
	spare []tail

	best    []float64 // best[b]: penalized cost of the points before starts[b]
	rss     []float64 // their residual sum of squares
	pieces  []int     // number of their pieces
	from    []int     // the start of the last of these
	penalty float64
	doubt   float64 // factor by which a step on top of a slope raises a cost
	prices  [3*maxPieces + 8]float64
	shares  [maxPieces]float64 // shares[k] is one over the degrees of freedom that k pieces before the last leave
}

type moments struct{ x, z, xx, xz, zz float64 }

// A tail holds, for each point i, sums over the points after i of the products
// of an exponential approach with the regressors and with itself. How the
// exponential is scaled does not matter to the fit, so one tail serves every
// beginning of the last piece.
type tail struct{ e, ee, ex, ez float64 }

func newPartition(t []float64, floor float64) *partition {
	n := len(t)
	p := &partition{t: t, floor: floor, x: make([]float64, n), z: make([]float64, n), sums: make([]moments, n), spare: make([]tail, n)}
	for k, tau := range approaches {
		p.tails[k], p.decay[k] = make([]tail, n), approach(t, tau)
	}
	for i := 0; i < n; i += max(1, n/64) {
		if i == 0 || i >= leastRun && i <= n-leastRun {
			p.starts = append(p.starts, i)
		}
	}
	m := len(p.starts)
	p.best, p.rss = make([]float64, m), make([]float64, m)
	p.heads, p.means = make([]moments, m), make([]float64, n)
	p.pieces, p.from, p.pairs = make([]int, m), make([]int, m), make([]float64, m*(m-1)/2)
	p.setPrices()
	return p
}

// transform prepares the sums for one correlation.
func (p *partition) transform(phi float64) {
	p.phi, p.level = phi, 1-phi
	for i := 1; i < len(p.t); i++ {
		x, z, s := p.t[i]-phi*p.t[i-1], p.y[i]-phi*p.y[i-1], &p.sums[i-1]
		p.x[i], p.z[i] = x, z
		p.sums[i] = moments{s.x + x, s.z + z, s.xx + x*x, s.xz + x*z, s.zz + z*z}
		if p.means[i] = 0; p.level > 0 {
			p.means[i] = 1 / float64(i)
		}
	}
	for b, from := range p.starts {
		p.heads[b] = p.sums[from]
	}
}

// setPrices computes the factors by which parameters raise a residual variance, so
// that variances can be compared: n ln(variance) + k·ln n, corrected for small n
// (after Hurvich & Tsai 1989), is n times the logarithm of the variance times its
// price.
func (p *partition) setPrices() {
	n := float64(len(p.t))
	p.doubt = math.Exp(margin / n)
	for k := range p.prices {
		p.prices[k] = math.Inf(1)
		if left := n - float64(k) - 2; left > 0 {
			p.prices[k] = math.Exp(float64(k) * math.Log(n) / left)
		}
	}
	for k := range p.shares {
		p.shares[k] = 1 / (n - float64(k) - 1)
	}
}

// cost is the residual variance of a whole model, times its price. A piece
// before the last has three parameters: level, slope and place.
func (p *partition) cost(c candidate, rss float64) float64 {
	before := p.pieces[c.bound]
	if before >= maxPieces {
		return math.Inf(1)
	}
	return ((p.rss[c.bound]+rss)*p.shares[before] + p.floor) * p.prices[3*before+c.parameters()]
}

// within returns the sums over the points from+1 to to−1, about their mean
// level where phi leaves one.
func (p *partition) within(from, to int) (xx, xz, zz float64) {
	return between(&p.sums[from], &p.sums[to-1], p.means[to-from-1])
}

func between(a, b *moments, each float64) (xx, xz, zz float64) {
	x, z := b.x-a.x, b.z-a.z
	return b.xx - a.xx - x*x*each, b.xz - a.xz - x*z*each, b.zz - a.zz - z*z*each
}

// residual returns the residual sum of squares of a piece about a level, or
// about a line.
func (p *partition) residual(from, to int, line bool) float64 {
	if to-from < 2 {
		return 0
	}
	xx, xz, zz := p.within(from, to)
	if line {
		return lineRSS(xx, xz, zz)
	}
	return max(0, zz)
}

// stepRSS returns the residual sums of squares of the last piece about a level
// that changes at a point, and about lines of one slope before and after it.
func (p *partition) stepRSS(from, at int) (flat, line float64) {
	xx, xz, zz := p.within(from, at)
	lateXX, lateXZ, lateZZ := p.within(at, len(p.t))
	xx, xz, zz = xx+lateXX, xz+lateXZ, zz+lateZZ
	return max(0, zz), lineRSS(xx, xz, zz)
}

// stepsUp reports whether the step between lines of one slope is upwards.
func (p *partition) stepsUp(from, at int) bool {
	xx, xz, _ := p.within(from, at)
	lateXX, lateXZ, _ := p.within(at, len(p.t))
	slope := 0.0
	if xx += lateXX; xx > 1e-12 {
		slope = (xz + lateXZ) / xx
	}
	if p.level == 0 { // of a random walk, only the point of the step itself shows it
		return p.z[at] > slope*p.x[at]
	}
	level := func(from, to int) float64 {
		a, b := &p.sums[from], &p.sums[to-1]
		return (b.z - a.z - slope*(b.x-a.x)) * p.means[to-from-1]
	}
	return level(at, len(p.t)) > level(from, at)
}

// lineRSS is the residual sum of squares of a line.
func lineRSS(xx, xz, zz float64) float64 {
	if xx > 1e-12 {
		zz -= xz * xz / xx
	}
	if zz < 0 {
		return 0
	}
	return zz
}

// weigh fills a tail for an approach, whose values are given from a point on.
func (p *partition) sumTails(s []tail, decay []float64, from int) {
	n := len(p.t)
	s[n-1] = tail{}
	for i := n - 1; i > from; i-- {
		e := decay[i-from] - p.phi*decay[i-from-1]
		s[i-1] = tail{s[i].e + e, s[i].ee + e*e, s[i].ex + e*p.x[i], s[i].ez + e*p.z[i]}
	}
}

// bend returns the residual sums of squares of the last piece about an
// exponential approach to a level, and to a line.
func (p *partition) approachRSS(from int, sums []tail) (flat, line float64) {
	n := float64(len(p.t) - from - 1)
	s := sums[from]
	xx, xz, zz := p.within(from, len(p.t))
	ee, ex, ez := s.ee, s.ex, s.ez
	if p.level > 0 {
		a, b := &p.sums[from], &p.sums[len(p.t)-1]
		ee, ex, ez = ee-s.e*s.e/n, ex-s.e*(b.x-a.x)/n, ez-s.e*(b.z-a.z)/n
	}
	if ee <= 1e-12*s.ee {
		return zz, zz
	}
	flat = zz - ez*ez/ee
	xx, xz = xx-ex*ex/ee, xz-ex*ez/ee
	if line = flat; xx > 1e-9 {
		line -= xz * xz / xx
	}
	return max(0, flat), max(0, line)
}

// solve fills best for every start, with a penalty of 3 ln n residual variances
// per piece, raised until the whole has at most maxPieces.
func (p *partition) solve() {
	// The penalty needs the residual variance, which depends on the partition: start
	// with that of lines through equal parts, and repeat with that of the result.
	n := len(p.t)
	variance := 0.0
	parts := max(1, min(8, n/12))
	for k := range parts {
		variance += p.residual(k*n/parts, (k+1)*n/parts, true)
	}
	variance = max(variance/float64(n-3*parts), p.floor, 1e-18)
	p.pair()
	factor := 3.0
	for range 8 {
		p.penalty = factor * math.Log(float64(n)) * variance
		p.sweep()
		pieces, rss := p.whole()
		if pieces > maxPieces {
			factor *= 1.5
			continue
		}
		next := max(rss/float64(max(1, n-3*pieces)), p.floor, 1e-18)
		if next > 0.8*variance {
			return
		}
		variance = next
	}
}

// pair fits all the lines between starts once; every sweep uses them.
func (p *partition) pair() {
	pairs := p.pairs
	for b, to := range p.starts {
		end := p.sums[max(0, to-1)]
		for a, from := range p.starts[:b] {
			pairs[a] = lineRSS(between(&p.heads[a], &end, p.means[to-from-1]))
		}
		pairs = pairs[b:]
	}
}

func (p *partition) sweep() {
	pairs := p.pairs
	for b := 1; b < len(p.starts); b++ {
		best, from := math.Inf(1), 0
		for a, rss := range pairs[:b] {
			if c := p.best[a] + rss + p.penalty; c < best {
				best, from = c, a
			}
		}
		p.best[b], p.rss[b], p.pieces[b], p.from[b] = best, p.rss[from]+pairs[from], p.pieces[from]+1, from
		pairs = pairs[b:]
	}
}

// whole returns the number of pieces and the residual of the best partition of all
// points.
func (p *partition) whole() (pieces int, rss float64) {
	least := math.Inf(1)
	for b, from := range p.starts {
		r := p.residual(from, len(p.t), true)
		if c := p.best[b] + r + p.penalty; c < least {
			least, pieces, rss = c, p.pieces[b]+1, p.rss[b]+r
		}
	}
	return pieces, rss
}

// path returns the first points of all pieces of the best partition up to a
// start, and of the one that begins there.
func (p *partition) path(b int) []int {
	starts := []int{p.starts[b]}
	for b > 0 {
		b = p.from[b]
		starts = append([]int{p.starts[b]}, starts...)
	}
	return starts
}

// refineChanges moves each change point from the grid to where lines fit best,
// except for the beginning of an approach.
func (p *partition) refineChanges(starts []int, c candidate) {
	step := max(1, len(p.t)/64)
	last := len(starts)
	if c.tau > 0 {
		last--
	}
	for i := 1; i < last; i++ {
		from, to := starts[i-1], len(p.t)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		least, best := math.Inf(1), starts[i]
		for at := max(from+leastRun, starts[i]-step); at <= min(to-leastRun, starts[i]+step); at++ {
			if rss := p.residual(from, at, true) + p.residual(at, to, true); rss < least {
				least, best = rss, at
			}
		}
		starts[i] = best
	}
}
