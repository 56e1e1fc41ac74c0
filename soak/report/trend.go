package report

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// trend fits a line with a verdict's slope to the steady part of a series. Its
// intercept is the median of the residuals, as in the Theil–Sen estimator (Sen,
// "Estimates of the regression coefficient based on Kendall's tau", JASA 1968).
// A leak's line begins where the growth began, and no line crosses a restart.
func trend(s soak.Series, v soak.Verdict) *Trend {
	from := 0
	for i, at := range s.At {
		begun := v.State != soak.Leaking || at >= v.Since
		restarted := slices.ContainsFunc(s.Breaks, func(b time.Duration) bool { return b > at })
		if !begun || restarted {
			from = i + 1
		}
	}
	if math.IsNaN(float64(v.Slope)) || len(s.At)-from < 2 {
		return nil
	}
	at, value := s.At[from:], s.Value[from:]
	middle := at[len(at)/2]
	var residuals []float64
	for i, a := range at {
		if !math.IsNaN(value[i]) {
			residuals = append(residuals, value[i]-float64(v.Slope)*(a-middle).Hours())
		}
	}
	if len(residuals) == 0 {
		return nil
	}
	slices.Sort(residuals)
	return &Trend{From: at[0].Seconds(), To: at[len(at)-1].Seconds(), At: middle.Seconds(), Value: residuals[len(residuals)/2]}
}
