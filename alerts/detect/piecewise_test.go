package detect

import (
	"math"
	"testing"
)

func TestMinimum_FewSteps(t *testing.T) {
	for name, c := range map[string]struct {
		f                func(x float64) float64
		lo, hi, min, off float64
	}{
		"parabola":       {func(x float64) float64 { return (x - 0.3) * (x - 0.3) }, 0, 1, 0.3, 1e-9},
		"lopsided":       {func(x float64) float64 { return x - math.Log(x) }, 0.1, 6, 1, 0.01},
		"least at left":  {func(x float64) float64 { return x }, 2, 3, 2, 0.02},
		"least at right": {func(x float64) float64 { return -x * x }, 2, 3, 3, 0.02},
	} {
		calls := 0
		at := minimum(func(x float64) float64 { calls++; return c.f(x) }, c.lo, c.hi)
		if math.Abs(at-c.min) > c.off || calls > 20 {
			t.Errorf("%s: least at %v after %d calls, want %v", name, at, calls, c.min)
		}
		if at < c.lo || at > c.hi {
			t.Errorf("%s: %v is not between %v and %v", name, at, c.lo, c.hi)
		}
	}
}
