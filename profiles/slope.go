package profiles

import (
	"math"
	"time"
)

// Growth is the growth of one series.
type Growth struct {
	Slope float64 // per hour; NaN with fewer than [Fewest] values
	P     float64 // p value of the hypothesis that it does not grow
	Lasts bool    // the growth continues to the end
}

// Grow estimates the growth of a series without sampling error, as [Course.Rank] does
// for a site. NaN values are ignored. at and value must have the same length.
func Grow(at []time.Duration, value []float64) Growth {
	var t, y []float64
	for i, v := range value {
		if !math.IsNaN(v) {
			t, y = append(t, at[i].Hours()), append(y, v)
		}
	}
	t, y = bins(t, mostPoints), bins(y, mostPoints)
	tr := estimate(t, y, 0)
	return Growth{Slope: tr.slope, P: tr.p, Lasts: continues(t, y, tr.slope)}
}
