package engine

import (
	"math"
	"testing"
)

func TestSparkline_BoundedPoints(t *testing.T) {
	var tr sparkline
	for i := range 86_400 {
		v := float64(i)
		if i%3 == 0 {
			v = math.NaN()
		}
		tr.add(v)
		if len(tr.points) >= sparklineLength {
			t.Fatalf("%d points after %d values", len(tr.points), i+1)
		}
	}
	if n := len(tr.points); n < sparklineLength/2 {
		t.Errorf("%d points", n)
	}
	for i, p := range tr.points {
		middle := (float64(i) + 0.5) * float64(tr.each)
		if math.Abs(float64(p)-middle) > 2 {
			t.Errorf("point %d of a straight line is %v, want %v", i, p, middle)
		}
	}
}

func TestSparkline_UnmeasuredIsNaN(t *testing.T) {
	var tr sparkline
	for range sparklineLength {
		tr.add(math.NaN())
	}
	tr.add(7)
	if p := tr.points; p[0] == p[0] {
		t.Errorf("%v, want it to begin with NaN", p)
	}
}
