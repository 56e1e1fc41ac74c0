package attribute

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

const (
	huber     = 1.345 // deviations beyond which a block weighs less: 95 % efficient with normal noise
	lags      = 2     // blocks that may depend on each other
	rounds    = 10    // of reweighting
	alike     = 1e-6  // causes whose proportions differ by less are the same
	precision = 1e-9  // of the arithmetic, relative to the growth of a block
)

// fitted is a fit of the growth by some causes.
type fitted struct {
	*asker
	causes    []int
	each      []float64
	deviation []float64 // standard error of each
	free      float64   // degrees of freedom
}

// fit explains the growth by causes; false where they cannot be distinguished.
func (a *asker) fit(causes ...int) (fitted, bool) {
	n, k := len(a.Growth), len(causes)
	f := fitted{asker: a, causes: causes, free: float64(n - k)}
	if n <= k {
		return f, false
	}
	x, norm := mat.NewDense(n, k, nil), make([]float64, k)
	for j, c := range causes {
		norm[j] = mat.Norm(mat.NewVecDense(n, a.Done[c]), 2)
		for i, v := range a.Done[c] {
			x.Set(i, j, v/norm[j])
		}
	}
	y, weight, rest := mat.NewVecDense(n, a.Growth), make([]float64, n), make([]float64, n)
	for i := range weight {
		weight[i] = 1
	}
	var beta mat.VecDense
	var inverse mat.SymDense
	for range rounds {
		var ok bool
		if inverse, ok = solve(x, y, weight, &beta); !ok {
			return f, false
		}
		if !reweight(x, y, &beta, a.Noise, weight, rest) {
			break
		}
	}
	if !a.reliable(x, causes, norm, weight, &inverse) {
		return f, false
	}
	spread := variance(x, weight, rest, a.joined, &inverse, f.free, max(a.Noise, precision*mat.Norm(y, 2)/math.Sqrt(float64(n))))
	for j := range causes {
		f.each = append(f.each, beta.AtVec(j)/norm[j])
		f.deviation = append(f.deviation, math.Sqrt(spread[j])/norm[j])
	}
	return f, finite(f.each) && finite(f.deviation)
}

// reliable reports whether each cause varies, next to the others, enough more than
// by the errors of reading them that these could feign only a little of the growth.
// The blocks in which it varies most are left out: one hiccup or pause of the load
// is a coincidence.
func (a *asker) reliable(x *mat.Dense, causes []int, norm, weight []float64, inverse *mat.SymDense) bool {
	if a.Error == nil || len(causes) < 2 {
		return true
	}
	// A column of the inverse, divided by its diagonal element, has the proportions
	// in which the other causes are subtracted from one (Frisch and Waugh 1933).
	for j := range causes {
		proportions := mat.NewVecDense(len(causes), nil)
		for k := range causes {
			proportions.SetVec(k, inverse.At(j, k)/inverse.At(j, j))
		}
		var alone mat.VecDense
		alone.MulVec(x, proportions)
		variation := make([]float64, len(weight))
		for i, w := range weight {
			variation[i] = w * alone.AtVec(i) * alone.AtVec(i)
		}
		slices.Sort(variation)
		feigned := 0.0
		for k, c := range causes {
			e := proportions.AtVec(k) * a.Error[c] / norm[k]
			feigned += floats.Sum(weight) * e * e
		}
		if most := max(fewest/4, len(variation)/10); feigned > little*floats.Sum(variation[:len(variation)-most]) {
			return false
		}
	}
	return true
}

// solve solves the weighted normal equations. The columns of x have length 1.
func solve(x *mat.Dense, y *mat.VecDense, weight []float64, beta *mat.VecDense) (inverse mat.SymDense, ok bool) {
	_, k := x.Dims()
	normal := mat.NewSymDense(k, nil)
	var wx mat.Dense
	wx.Apply(func(i, _ int, v float64) float64 { return v * weight[i] }, x)
	var product mat.Dense
	product.Mul(x.T(), &wx)
	for i := range k {
		for j := i; j < k; j++ {
			normal.SetSym(i, j, product.At(i, j))
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(normal) || factor.Cond() > 1/alike {
		return inverse, false
	}
	if factor.InverseTo(&inverse) != nil {
		return inverse, false
	}
	var right mat.VecDense
	right.MulVec(wx.T(), y)
	beta.MulVec(&inverse, &right)
	return inverse, true
}

// reweight computes the residual of each block and lowers the weight of outliers.
// It reports whether any weight changed.
func reweight(x *mat.Dense, y, beta *mat.VecDense, noise float64, weight, rest []float64) (differs bool) {
	var fit mat.VecDense
	fit.MulVec(x, beta)
	size := make([]float64, len(rest))
	for i := range rest {
		rest[i] = y.AtVec(i) - fit.AtVec(i)
		size[i] = math.Abs(rest[i])
	}
	slices.Sort(size)
	scale := max(size[len(size)/2]/0.6745, noise)
	for i, r := range rest {
		now := 1.0
		if limit := huber * scale; math.Abs(r) > limit && limit > 0 {
			now = limit / math.Abs(r)
		}
		differs = differs || math.Abs(now-weight[i]) > 0.01
		weight[i] = now
	}
	return differs
}

// variance is that of each coefficient: the larger of the plain variance and the
// one that allows for correlated neighboring blocks.
func variance(x *mat.Dense, weight, rest []float64, joined func(i, lag int) bool, inverse *mat.SymDense, free, least float64) []float64 {
	n, k := x.Dims()
	score := mat.NewDense(n, k, nil)
	plain := 0.0
	for i, r := range rest {
		plain += weight[i] * r * r / free
		for j := range k {
			score.Set(i, j, weight[i]*r*x.At(i, j))
		}
	}
	plain = max(plain, least*least)
	middle := mat.NewSymDense(k, nil)
	for lag := range lags + 1 {
		factor := 1 - float64(lag)/(lags+1)
		if lag == 0 {
			factor = 0.5
		}
		for i := lag; i < n; i++ {
			if joined(i, lag) {
				addOuter(middle, score.RawRowView(i), score.RawRowView(i-lag), factor)
			}
		}
	}
	var half, robust mat.Dense
	half.Mul(inverse, middle)
	robust.Mul(&half, inverse)
	out := make([]float64, k)
	for j := range out {
		out[j] = max(plain*inverse.At(j, j), robust.At(j, j)*float64(n)/free)
	}
	return out
}

// addOuter adds the outer products of a and b and of b and a, each by a factor.
func addOuter(to *mat.SymDense, a, b []float64, factor float64) {
	for i := range a {
		for j := i; j < len(a); j++ {
			to.SetSym(i, j, to.At(i, j)+factor*(a[i]*b[j]+b[i]*a[j]))
		}
	}
}

// joined reports whether a block follows, without a gap, the one that is lag
// blocks before it.
func (a *asker) joined(i, lag int) bool {
	for ; lag > 0; i, lag = i-1, lag-1 {
		if !a.Joined[i] {
			return false
		}
	}
	return true
}

// share is a cause's share of the total growth at a growth of each per unit.
func (f fitted) share(i int, each float64) float64 {
	return each * floats.Sum(f.Done[f.causes[i]]) / f.total
}

// needed reports whether the growth by a cause is significant and more than a
// little.
func (f fitted) needed(i int) bool {
	return f.low(i, f.level) > 0 && f.share(i, f.each[i]) >= little
}

// low and high are the ends of an interval with the given error probability.
func (f fitted) low(i int, wrong float64) float64 { return f.each[i] - f.wide(wrong)*f.deviation[i] }

func (f fitted) high(i int, wrong float64) float64 { return f.each[i] + f.wide(wrong)*f.deviation[i] }

func (f fitted) wide(wrong float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: f.free}.Quantile(1 - wrong/2)
}

func (f fitted) estimate(i int) Estimate {
	return Estimate{Cause: f.causes[i], Each: f.each[i], Lo: f.low(i, 0.05), Hi: f.high(i, 0.05), Share: f.share(i, f.each[i])}
}
