package report

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// trend lays the line of a verdict's slope through the steady part of a series:
// the median of the residuals decides how high, as with Theil and Sen (Sen,
// "Estimates of the regression coefficient based on Kendall's tau", JASA 1968).
// A leak's line begins where the growth did; after a restart it begins anew.
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
