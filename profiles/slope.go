package profiles

import (
	"math"
	"time"
)

// Growth is how one series grew.
type Growth struct {
	Slope float64 // per hour, NaN where there are too few values
	P     float64 // of "it does not grow"
	Lasts bool    // it goes on to the end
}

// Grow tells how a series that is counted without sampling error grew, as
// [Course.Rank] does for a site. NaN is no value.
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
