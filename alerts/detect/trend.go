package detect

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A trend is the distribution of the slope of a series: a mixture of Student
// distributions, one for each plausible noise, weighted by how well that noise
// explains the residuals (restricted likelihood, Patterson & Thompson 1971). The
// interval therefore includes the uncertainty of the autocorrelation: where a
// random walk cannot be excluded, it is as wide as a random walk makes it.
type trend struct {
	parts []part
	slope float64 // mean of the mixture
	dof   float64 // degrees of freedom
}

// memory is the correlation time of the part's noise as a share of the series.
type part struct{ weight, slope, err, memory float64 }

// estimate fits the columns (the last but one is the trend, the last are the
// observations) under each noise of the grid. floor is the smallest residual
// variance that the resolution of the readings allows.
func estimate(t []float64, columns [][]float64, grid []noise, floor float64) trend {
	var q normal
	w, wf := newWhitener(columns), newFilter(len(t))
	parts := make([]part, 0, len(grid))
	best := math.Inf(-1)
	var dof float64
	for _, nz := range grid {
		wf.design(t, nz)
		w.equations(wf, &q)
		rss, logdet, rank := q.factor()
		dof = float64(len(t) - rank)
		if dof < 1 {
			return trend{}
		}
		s2 := rss/dof + floor // readings that repeat exactly are still rounded
		b, variance := q.last()
		like := math.Log(nz.prior) - 0.5*(wf.logF+logdet+dof*math.Log(s2))
		if math.IsNaN(like) || math.IsInf(variance, 1) {
			continue
		}
		best = max(best, like)
		parts = append(parts, part{like, b, math.Sqrt(s2 * variance), nz.tau / (t[len(t)-1] - t[0])})
	}
	return mixture(parts, best, dof)
}

func mixture(parts []part, best, dof float64) trend {
	tr := trend{dof: dof}
	total := 0.0
	for _, p := range parts {
		if p.weight = math.Exp(p.weight - best); p.weight > negligible {
			tr.parts = append(tr.parts, p)
			total += p.weight
		}
	}
	for i := range tr.parts {
		tr.parts[i].weight /= total
		tr.slope += tr.parts[i].weight * tr.parts[i].slope
	}
	return tr
}

// scaledBy returns the trend in another unit.
func (tr trend) scaledBy(unit float64) trend {
	for i := range tr.parts {
		tr.parts[i].slope *= unit
		tr.parts[i].err *= unit
	}
	tr.slope *= unit
	return tr
}

// pooledWith combines two independent trends of the same quantity, each weighted by
// its precision (fixed-effect meta-analysis, Cochran 1937).
func (tr trend) pooledWith(o trend) trend {
	a, b := 1/tr.variance(), 1/o.variance()
	a, b = a/(a+b), b/(a+b)
	sum := trend{dof: tr.dof + o.dof, slope: a*tr.slope + b*o.slope}
	for _, p := range tr.heaviest(16) {
		for _, q := range o.heaviest(16) {
			sum.parts = append(sum.parts, part{p.weight * q.weight, a*p.slope + b*q.slope, math.Hypot(a*p.err, b*q.err), max(p.memory, q.memory)})
		}
	}
	return sum
}

// variance is that of the mixture, kept within what can be inverted.
func (tr trend) variance() float64 {
	v := 0.0
	for _, p := range tr.parts {
		v += p.weight * (p.err*p.err + (p.slope-tr.slope)*(p.slope-tr.slope))
	}
	return min(1e300, max(1e-300, v))
}

// heaviest returns the n parts with the largest weight, which then sum to 1.
func (tr trend) heaviest(n int) []part {
	parts := slices.Clone(tr.parts)
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(b.weight, a.weight) })
	parts = parts[:min(n, len(parts))]
	total := 0.0
	for _, p := range parts {
		total += p.weight
	}
	for i := range parts {
		parts[i].weight /= total
	}
	return parts
}

// detectable returns the growth that would have been significant at the bound
// alpha with probability power.
func (tr trend) detectable(alpha float64) float64 {
	return tr.quantile(power) - tr.quantile(alpha)
}

// known reports whether there is a slope at all: values at the limits of a float64
// have none.
func (tr trend) known() bool {
	return len(tr.parts) > 0 && !math.IsNaN(tr.slope+tr.variance()) && !math.IsInf(tr.slope, 0)
}

// trusted is the probability down to which the mixture itself is used. It is
// estimated from one series, so for rarer events it only reflects its prior;
// there the tail is extrapolated as that of a Student distribution.
const trusted = 0.01

// negligible is the weight, relative to the largest, below which a part cannot
// change the result.
const negligible = 1e-5

// cdf returns the probability that the slope is below x.
func (tr trend) cdf(x float64) float64 {
	p := tr.mixtureCDF(x)
	if p >= trusted {
		return p
	}
	edge := tr.invert(trusted)
	return student((tr.slope-x)/(tr.slope-edge)*studentQuantile(trusted, tr.dof), tr.dof)
}

// quantile returns the slope below which the true slope is with probability p.
func (tr trend) quantile(p float64) float64 {
	if p >= trusted {
		return tr.invert(p)
	}
	edge := tr.invert(trusted)
	return tr.slope + (edge-tr.slope)*studentQuantile(p, tr.dof)/studentQuantile(trusted, tr.dof)
}

// mixtureCDF is the distribution function of the mixture.
func (tr trend) mixtureCDF(x float64) float64 {
	sum := 0.0
	for _, p := range tr.parts {
		sum += p.weight * student((x-p.slope)/p.err, tr.dof)
	}
	return sum
}

// invert inverts the distribution function of the mixture by bisection.
func (tr trend) invert(p float64) float64 {
	widest := 0.0
	for _, q := range tr.parts {
		widest = max(widest, q.err, math.Abs(q.slope-tr.slope))
	}
	if widest == 0 {
		return tr.slope
	}
	span := 2 * widest
	for tr.mixtureCDF(tr.slope-span) > p || tr.mixtureCDF(tr.slope+span) < p {
		if span *= 2; span > 1e12*widest {
			break
		}
	}
	lo, hi := tr.slope-span, tr.slope+span
	for range 100 { // ends far sooner, except for values at the limits of a float64
		if !(hi-lo > 1e-4*widest) {
			break
		}
		if mid := lo + (hi-lo)/2; tr.mixtureCDF(mid) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + (hi-lo)/2
}

// student is the distribution function of Student's t, by the normal
// approximation of Wallace (1959), good to a few hundredths of a standard
// deviation for 3 degrees of freedom and far better above, also in the tails.
func student(t, dof float64) float64 {
	if math.IsNaN(t) {
		return 0.5
	}
	z := (8*dof + 1) / (8*dof + 3) * math.Sqrt(dof*math.Log1p(t*t/dof))
	if t > 0 {
		return 1 - 0.5*math.Erfc(z/math.Sqrt2)
	}
	return 0.5 * math.Erfc(z/math.Sqrt2)
}

// studentQuantile is the inverse of student.
func studentQuantile(p, dof float64) float64 {
	z := distuv.UnitNormal.Quantile(p) * (8*dof + 3) / (8*dof + 1)
	return math.Copysign(math.Sqrt(dof*math.Expm1(z*z/dof)), z)
}
