package detect

import (
	"math"
	"slices"
)

const (
	maxRestarts = 4    // more drops are a sawtooth
	regular     = 1.75 // lifetimes whose lengths differ by less than this factor are teeth of a sawtooth: a regular drop is not an accident

	leakScatter  = 0.01 // standard deviation of a leak's rates from restart to restart, as a share of their mean,
	toothScatter = 0.25 // and of the teeth of a sawtooth
)

// restarts finds drops in a recording that may be unmarked restarts: few, sudden,
// deep, and not at regular intervals. It returns the hours at which they happen.
func restarts(pts []point) []float64 {
	v := middle(pts, fullPoints)
	n := len(v.y)
	if n < 4*leastPoints {
		return nil
	}
	noise := typicalStep(v.y)
	var at []float64
	last := 0
	for i := 3; i+3 < n; i++ {
		// Medians on both sides, so that an outlier is not a drop; and most of the
		// drop within one point, so that a quick decline is not one either.
		before, after := median3(v.y[i-3:i]), median3(v.y[i+1:i+4])
		if before-after < max(8*noise, 0.2) || i-last < leastPoints || v.y[i-1]-v.y[i+1] < 0.7*(before-after) {
			continue
		}
		at = append(at, v.origin+v.span*(v.t[i-1]+v.t[i])/2)
		last = i
		i += 3
	}
	// Many or regular drops belong to a sawtooth.
	if len(at) > maxRestarts || len(at) > 2 && even(v.origin, at) {
		return nil
	}
	return at
}

// typicalStep is the median step between neighbors, as a standard deviation of
// white noise.
func typicalStep(y []float64) float64 {
	steps := make([]float64, len(y)-1)
	for i := range steps {
		steps[i] = math.Abs(y[i+1] - y[i])
	}
	slices.Sort(steps)
	return steps[len(steps)/2] / 0.6745 / math.Sqrt2
}

func median3(v []float64) float64 {
	return max(min(v[0], v[1]), min(max(v[0], v[1]), v[2]))
}

func even(from float64, at []float64) bool {
	shortest, longest := math.Inf(1), 0.0
	for _, t := range at {
		shortest, longest = min(shortest, t-from), max(longest, t-from)
		from = t
	}
	return longest < regular*shortest
}

// cut starts a new segment after each of the times.
func cut(pts []point, at []float64) []point {
	pts = slices.Clone(pts)
	for i := range pts {
		for _, t := range at {
			if pts[i].t > t {
				pts[i].segment++
			}
		}
	}
	return pts
}
