package bench

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"soakmon/soak"
)

const confidence = 0.95

// Estimate is a median with its 95 % interval from order statistics (Hahn and
// Meeker, Statistical Intervals, 1991, section 5.2), which needs six samples;
// with fewer Lo and Hi are NaN.
type Estimate struct {
	Median soak.Float `json:"median"`
	Lo     soak.Float `json:"low"`
	Hi     soak.Float `json:"high"`
	N      int        `json:"samples"`
}

// Interval reports whether there is one.
func (e Estimate) Interval() bool { return !math.IsNaN(float64(e.Lo)) }

// estimate leaves out what is NaN.
func estimate(values []float64) Estimate {
	nan := soak.Float(math.NaN())
	values = slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	e := Estimate{Median: nan, Lo: nan, Hi: nan, N: len(values)}
	if e.N == 0 {
		return e
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), confidence)
	e.Median = soak.Float(s.Center)
	if !math.IsInf(s.Lo, 0) && !math.IsInf(s.Hi, 0) {
		e.Lo, e.Hi = soak.Float(s.Lo), soak.Float(s.Hi)
	}
	return e
}

// ratios divides the samples of each round. A round that one of the two lacks
// says nothing.
func ratios(a, b []float64) []float64 {
	out := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		if b[i] > 0 && !math.IsNaN(a[i]) {
			out = append(out, a[i]/b[i])
		}
	}
	return out
}
