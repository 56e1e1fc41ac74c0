package engine

import (
	"math"
	"slices"

	"soakmon/soak"
)

// trailLength is how many points a trail has at most.
const trailLength = 64

// trail is the course of a series from the run's start on, as coarse as a small
// chart needs it: the mean of every so many values, and of twice as many each
// time it is full. Its size does not grow.
type trail struct {
	points []soak.Float
	each   int // values to a point
	sum    float64
	n, due int // values in the open point: measured, and all
}

func (t *trail) add(v float64) {
	if t.each == 0 {
		t.each = 1
	}
	if t.due++; !math.IsNaN(v) {
		t.sum, t.n = t.sum+v, t.n+1
	}
	if t.due < t.each {
		return
	}
	t.points = append(t.points, soak.Float(t.sum/float64(t.n))) // 0/0 is NaN: not measured
	t.sum, t.n, t.due = 0, 0, 0
	if len(t.points) == trailLength {
		t.halve()
	}
}

// halve makes one point of every two.
func (t *trail) halve() {
	for i := range trailLength / 2 {
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
	t.points = t.points[:trailLength/2]
	t.each *= 2
}

// course copies the course of a series.
func (h *history) course(n soak.SeriesID) []soak.Float {
	if t := h.trails[n]; t != nil {
		return slices.Clone(t.points)
	}
	return nil
}
