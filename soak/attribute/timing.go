package attribute

import (
	"math"
	"slices"
	"time"
)

// timing is the standard deviation of the error of the times of readings, in seconds.
// All counters come from one process, which reports them together, so the steadiest of
// them shows it best; what its true rate varies from reading to reading counts as error
// as well. The times of the resource's readings are taken to be as uncertain.
func timing(causes []Line, stretches []Stretch) float64 {
	least := math.Inf(1)
	for _, c := range causes {
		if scatter, rate := c.steadiness(stretches); !c.Clock && rate > 0 {
			least = min(least, scatter/rate)
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// Apart is the mean distance between readings.
func Apart(at []time.Duration) time.Duration {
	last := len(at) - 1
	if last < 1 {
		return 0
	}
	return (at[last] - at[0]) / time.Duration(last)
}

// Scatter is the standard deviation of readings about a smooth course.
func Scatter(l Line, stretches []Stretch) float64 {
	scatter, _ := l.steadiness(stretches)
	return scatter
}

// steadiness returns the scatter of a counter's readings about a smooth course, and
// its rate per second. The scatter is that of each reading about the line between its
// neighbors (Gasser, Sroka and Jennen-Steinmetz, Residual variance and residual
// pattern in nonlinear regression, Biometrika 73, 1986). A rate that changes seldom
// hardly contributes to it.
func (l Line) steadiness(stretches []Stretch) (scatter, rate float64) {
	var squares, n, rise, seconds float64
	for _, s := range stretches {
		at, value := l.within(s)
		last := len(at) - 1
		if last < 2 {
			continue
		}
		rise, seconds = rise+value[last]-value[0], seconds+at[last]-at[0]
		for i := 1; i < last; i++ {
			w := (at[i] - at[i-1]) / (at[i+1] - at[i-1])
			r := value[i] - (1-w)*value[i-1] - w*value[i+1]
			squares, n = squares+r*r/(1+w*w+(1-w)*(1-w)), n+1
		}
	}
	if n == 0 || !(seconds > 0) {
		return 0, 0
	}
	return math.Sqrt(squares / n), rise / seconds
}

// within returns the readings in a stretch, and their times in seconds.
func (l Line) within(s Stretch) (at, value []float64) {
	first, _ := slices.BinarySearch(l.At, s.From)
	for i := first; i < len(l.At) && l.At[i] < s.To; i++ {
		if v := l.Value[i]; !math.IsNaN(v) {
			at, value = append(at, l.At[i].Seconds()), append(value, v)
		}
	}
	return at, value
}
