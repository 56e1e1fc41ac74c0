package profiles

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// trend is the estimated growth of one series.
type trend struct {
	slope float64 // median slope of all pairs, per hour
	err   float64 // standard error of the slope
	p     float64 // p value of the hypothesis that it does not grow, one-sided
}

// Fewest is the minimum number of snapshots for an estimate of growth.
const Fewest = 5

// estimate estimates the growth of y over t, in hours. unit is the value of one
// sample of the profiler, 0 without sampling. With sampling, the growth has a
// standard error of at least √(unit·growth).
//
// Two models of the noise are tried, and the smaller p value is doubled
// (Bonferroni): errors about a line, autoregressive of order 1, and a random walk,
// which is how a leak looks through a sampling profiler.
func estimate(t, y []float64, unit float64) trend {
	n := len(y)
	if n < Fewest || t[n-1] <= t[0] {
		return trend{slope: math.NaN(), err: math.NaN(), p: 1}
	}
	tr := trend{slope: theilSen(t, y)}
	span := t[n-1] - t[0]
	sampling := math.Sqrt(unit*math.Abs(tr.slope)*span) / span
	lineErr, lineFree := aboutLine(t, y, tr.slope)
	walk, walkErr := bySteps(t, y)
	lineErr, lineFree = withSampling(lineErr, sampling, lineFree)
	walkErr, walkFree := withSampling(walkErr, sampling, float64(n-2))
	pLine, pWalk := upper(tr.slope, lineErr, lineFree), upper(walk, walkErr, walkFree)
	tr.err = walkErr
	if pLine < pWalk {
		tr.err = lineErr
	}
	tr.p = min(1, 2*min(pLine, pWalk))
	return tr
}

// withSampling treats the part of an error that sampling explains as known, and only
// the excess as estimated (Satterthwaite 1946).
func withSampling(estimated, sampling, free float64) (err, dof float64) {
	excess := estimated*estimated - sampling*sampling
	if excess <= 0 {
		return sampling, math.Inf(1)
	}
	return estimated, free * math.Pow(estimated, 4) / (excess * excess)
}

// upper is the probability of a slope at least this large without growth (Student).
func upper(slope, err, free float64) float64 {
	switch {
	case slope <= 0 || free <= 0 || math.IsNaN(err):
		return 1
	case err == 0:
		return 0
	case math.IsInf(free, 1):
		return distuv.UnitNormal.Survival(slope / err)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: free}.Survival(slope / err)
}

// mostPoints is the maximum number of points of a slope, because the number of pairs is
// quadratic. More points are first reduced to medians of bins.
const mostPoints = 100

// theilSen is the median slope of all pairs (Theil 1950, Sen 1968).
func theilSen(t, y []float64) float64 {
	t, y = bins(t, mostPoints), bins(y, mostPoints)
	slopes := make([]float64, 0, len(t)*(len(t)-1)/2)
	for i := range t {
		for j := i + 1; j < len(t); j++ {
			if dt := t[j] - t[i]; dt > 0 {
				slopes = append(slopes, (y[j]-y[i])/dt)
			}
		}
	}
	return median(slopes)
}

// bins returns the medians of at most most equal intervals of x.
func bins(x []float64, most int) []float64 {
	if len(x) <= most {
		return x
	}
	out := make([]float64, most)
	for i := range out {
		out[i] = median(slices.Clone(x[i*len(x)/most : (i+1)*len(x)/most]))
	}
	return out
}

// aboutLine is the standard error of a slope from the residuals about its line,
// widened for their autocorrelation, and the remaining degrees of freedom.
func aboutLine(t, y []float64, slope float64) (err, free float64) {
	n := float64(len(y))
	rest := make([]float64, len(y))
	for i := range y {
		rest[i] = y[i] - slope*t[i]
	}
	middle := median(slices.Clone(rest))
	var squares, lagged, spread float64
	mean := sum(t) / n
	for i := range rest {
		rest[i] -= middle
		squares += rest[i] * rest[i]
		spread += (t[i] - mean) * (t[i] - mean)
		if i > 0 {
			lagged += rest[i] * rest[i-1]
		}
	}
	if squares == 0 {
		return 0, n - 2
	}
	rho := lagged / squares
	rho = min(max(rho+(1+4*rho)/n, 0), 0.99) // corrected for bias (Kendall 1954)
	wider := (1 + rho) / (1 - rho)
	return math.Sqrt(squares / (n - 2) / spread * wider), n/wider - 2
}

// bySteps is the mean slope of a random walk and its standard error, from the steps
// between readings.
func bySteps(t, y []float64) (slope, err float64) {
	last := len(y) - 1
	span := t[last] - t[0]
	slope = (y[last] - y[0]) / span
	var squares float64
	for i := range last {
		if dt := t[i+1] - t[i]; dt > 0 {
			d := y[i+1] - y[i] - slope*dt
			squares += d * d / dt
		}
	}
	return slope, math.Sqrt(squares / float64(last-1) / span)
}

// continues reports whether growth continues to the end: the slope of the second half
// is at least half of the total slope, the median of each third is above that of the
// third before, and the last quarter ends above its start. This excludes a cache that
// has filled up, a pool at its limit, and a step.
func continues(t, y []float64, slope float64) bool {
	n := len(y)
	if n < Fewest || slope <= 0 {
		return false
	}
	thirds := []float64{median(slices.Clone(y[:n/3])), median(slices.Clone(y[n/3 : n-n/3])), median(slices.Clone(y[n-n/3:]))}
	return thirds[0] < thirds[1] && thirds[1] < thirds[2] &&
		y[n-1] > y[n-1-n/4] && theilSen(t[n/2:], y[n/2:]) >= slope/2
}

// discoveries returns the largest significant p value at the false discovery rate q
// (Benjamini & Hochberg 1995), or a negative number if there is none. tested is the
// number of tests.
func discoveries(p []float64, tested int, q float64) float64 {
	sorted := slices.Sorted(slices.Values(p))
	for k := len(sorted); k > 0; k-- {
		if sorted[k-1] <= q*float64(k)/float64(tested) {
			return sorted[k-1]
		}
	}
	return -1
}

// median reorders x.
func median(x []float64) float64 {
	n := len(x)
	if n == 0 {
		return math.NaN()
	}
	m := nth(x, n/2)
	if n%2 == 1 {
		return m
	}
	return (m + slices.Max(x[:n/2])) / 2
}

// nth returns the k-th smallest value of x, from 0, and moves all smaller ones before
// it (Hoare's Find, Communications of the ACM 4(7), 1961).
func nth(x []float64, k int) float64 {
	for lo, hi := 0, len(x)-1; lo < hi; {
		pivot := x[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
}

func sum(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}
