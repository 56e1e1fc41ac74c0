package detect

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// A backdrop is what a series is seen beside: columns, made orthonormal one
// after the other (Gram–Schmidt), and what they leave of the series. To try two
// more columns then costs a few products and no new regression.
type backdrop struct {
	basis [][]float64
	left  []float64
}

func newBackdrop(y []float64, columns ...[]float64) backdrop {
	return backdrop{left: y}.and(columns...)
}

// and returns the backdrop with more columns. One that depends on those before
// is left out.
func (b backdrop) and(columns ...[]float64) backdrop {
	b.basis, b.left = slices.Clip(b.basis), slices.Clone(b.left)
	for _, c := range columns {
		u := slices.Clone(c)
		for range 2 { // once more for what rounding left
			for _, v := range b.basis {
				floats.AddScaled(u, -floats.Dot(u, v), v)
			}
		}
		if length := squares(u); length > dependent*squares(c) {
			floats.Scale(1/math.Sqrt(length), u)
			floats.AddScaled(b.left, -floats.Dot(b.left, u), u)
			b.basis = append(b.basis, u)
		}
	}
	return b
}

// leaves returns the residual sum of squares that two more columns would leave.
func (b backdrop) leaves(x, z []float64) float64 {
	xx, xz, zz := squares(x), floats.Dot(x, z), squares(z)
	leastX, leastZ := dependent*xx, dependent*zz
	for _, u := range b.basis {
		px, pz := floats.Dot(x, u), floats.Dot(z, u)
		xx, xz, zz = xx-px*px, xz-px*pz, zz-pz*pz
	}
	rss, xy, zy := squares(b.left), floats.Dot(x, b.left), floats.Dot(z, b.left)
	if xx > leastX {
		rss -= xy * xy / xx
		zz, zy = zz-xz*xz/xx, zy-xz*xy/xx
	}
	if zz > leastZ {
		rss -= zy * zy / zz
	}
	return max(0, rss)
}
