package engine

import (
	"math"
	"slices"

	"soakmon/soak"
)

// sparklineLength is the maximum number of points of a sparkline.
const sparklineLength = 64

// sparkline is a series since the run's start at the resolution of a small chart. A
// point is the mean of a number of values. That number doubles each time the
// sparkline is full, so its size is bounded.
type sparkline struct {
	points []soak.Float
	each   int // values per point
	sum    float64
	n, due int // values in the unfinished point: measured ones, and all
}

func (t *sparkline) add(v float64) {
	if t.each == 0 {
		t.each = 1
	}
	if t.due++; !math.IsNaN(v) {
		t.sum, t.n = t.sum+v, t.n+1
	}
	if t.due < t.each {
		return
	}
	t.points = append(t.points, soak.Float(t.sum/float64(t.n))) // 0/0 is NaN: none was measured
	t.sum, t.n, t.due = 0, 0, 0
	if len(t.points) == sparklineLength {
		t.halve()
	}
}

// halve merges each two points into one. NaN is ignored in a mean.
func (t *sparkline) halve() {
	for i := range sparklineLength / 2 {
		a, b := t.points[2*i], t.points[2*i+1]
		switch {
		case a != a:
			t.points[i] = b
		case b != b:
			t.points[i] = a
		default:
			t.points[i] = (a + b) / 2
		}
	}
	t.points = t.points[:sparklineLength/2]
	t.each *= 2
}

// course copies the course of a series.
func (h *history) course(n soak.SeriesID) []soak.Float {
	if t := h.sparklines[n]; t != nil {
		return slices.Clone(t.points)
	}
	return nil
}
