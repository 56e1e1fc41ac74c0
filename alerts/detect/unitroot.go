package detect

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// unitRoot is the probability that noise around a level, up to a random walk (a
// unit root), resembles growth this much. The likelihood ratio of a trend against
// a random walk exceeds 21 once in a thousand (Dickey & Fuller 1979, the square of
// their τ), which is 16 after the price of a slope. Beyond, it falls as for any
// likelihood ratio, by a factor e for every 2, and faster where the rise is a large
// share of the level (falloff).
func (e *loadEvidence) unitRoot(k criteria, models []comparison) float64 {
	if e.tooth {
		return 1
	}
	sum := 0.0
	for i := range e.lifetimes {
		if l := &e.lifetimes[i]; !l.still() {
			sum += max(0, l.unitRootStatistic(models[i]))
		}
	}
	return min(1, falseAlarms*math.Exp((walkRatio-sum)/(2*k.falloff(e.trend.slope))))
}

const walkRatio = 16

// unitRootStatistic is twice the logarithm of the likelihood ratio, after the
// price of parameters, of growth against a level with any noise, up to a random
// walk plus white noise.
func (f *fit) unitRootStatistic(r comparison) float64 {
	growing := r.growing + float64(len(f.periods))*math.Log(float64(len(r.kept)))
	least := r.cost(f.growing.level()) - growing
	if f.growing.start() > 0 || f.growing.tau > 0 { // the last piece alone must show it
		late := r.late(f.growing)
		least = min(least, late.cost(f.growing.last(false))-late.cost(f.growing.last(true)))
	}
	if len(f.periods) > 0 { // which a random walk may have produced
		r.extra = pickAll(rateColumns(f.view.rate), r.kept)
		least = min(least, r.cost(f.growing.level())-growing)
	}
	return least
}

// detectable is the smallest growth per hour that would have been called a leak
// with probability power: it exceeds the noise of the trend, is not mistaken for a
// random walk, and is not so small and early that it may be warm-up.
func (c *inquiry) detectable(k criteria, lifetimes []lifetime, pooled trend, alpha float64) float64 {
	least, lucky := k.tolerance+pooled.detectable(alpha), pooled.quantile(power)-pooled.slope
	if k.tolerance == 0 && k.hours < warmupSpan.Hours() {
		least = max(least, k.cleanRoom/k.hours/(1-cleanShare/2)+lucky) // growth raises the level too, by half of itself
	}
	gains := make([]likelihoodGain, len(lifetimes))
	for i := range lifetimes {
		gains[i] = lifetimes[i].likelihoodGain(c.quantum)
	}
	enough := func(slope float64) bool {
		sum := 0.0
		for _, g := range gains {
			sum += max(0, g.at(slope-max(lucky, g.lucky)))
		}
		return sum >= walkRatio+2*k.falloff(slope)*math.Log(falseAlarms/alpha)
	}
	// The gain grows with the slope: bracket the smallest that is enough, then
	// bisect on a logarithmic scale.
	if enough(least) {
		return least
	}
	most := least
	for range 40 {
		if most *= 2; enough(most) {
			break
		}
	}
	for least < most*0.99 {
		if mid := math.Sqrt(least * most); enough(mid) {
			most = mid
		} else {
			least = mid
		}
	}
	return most
}

// A likelihoodGain is by how much growth would explain the last piece of a view
// better than a level, as a function of a hypothetical slope: under each noise the
// residual around a level grows with the square of the slope.
type likelihoodGain struct {
	noises  []likelihoodUnderNoise
	growing float64 // cost of a model with a slope
	n       float64 // points
	unit    float64 // of the slope
	floor   float64
	lucky   float64 // slope that chance may give the two ends, which distinguish a random walk from growth
	still   bool
}

// powerBound is what a standard normal exceeds with probability 1 − power.
var powerBound = distuv.UnitNormal.Quantile(power)

type likelihoodUnderNoise struct{ logF, left, slope float64 }

func (f *fit) likelihoodGain(quantum float64) likelihoodGain {
	v := &f.view
	if v.scale == 0 {
		return likelihoodGain{still: true}
	}
	c := f.chosen()
	s := c.start()
	t, y := v.t[s:], v.y[s:]
	g := likelihoodGain{n: float64(len(t)), unit: v.scale / v.span, floor: v.floorVariance(quantum), growing: math.Inf(1)}
	columns := append([][]float64{ones(len(v.t))[s:]}, pieces(f.regularColumns(), s)...)
	if c.tau > 0 {
		columns = append(columns, approach(t, c.tau))
	}
	if c.step > 0 {
		columns = append(columns, after(len(v.t), c.step)[s:])
	}
	columns = append(columns, t, y)
	p := len(columns) - 2
	var q normal
	w, wf := newWhitener(columns), newFilter(len(t))
	for _, nz := range noises(1/float64(len(v.t)), 1) {
		wf.design(t, nz)
		w.equations(wf, &q)
		left, _, _ := q.factor()
		g.noises = append(g.noises, likelihoodUnderNoise{wf.logF, left, q.a[p][p] * q.a[p][p]})
		g.growing = min(g.growing, wf.logF+g.n*math.Log(left/g.n+g.floor)+math.Log(g.n))
	}
	g.lucky = powerBound * math.Sqrt(2*g.noises[0].left/g.n) * g.unit // the first noise is white
	return g
}

func pieces(columns [][]float64, from int) [][]float64 {
	for i := range columns {
		columns[i] = columns[i][from:]
	}
	return columns
}

// at returns the gain for a slope in units per hour.
func (g likelihoodGain) at(slope float64) float64 {
	if g.still {
		return math.Inf(1)
	}
	slope /= g.unit
	least := math.Inf(1)
	for _, nz := range g.noises {
		least = min(least, nz.logF+g.n*math.Log((nz.left+slope*slope*nz.slope)/g.n+g.floor))
	}
	return least - g.growing
}
