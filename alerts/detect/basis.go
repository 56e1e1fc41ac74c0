package detect

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// A basis is an orthonormal basis of regressors (Gram–Schmidt), with the residual
// of the series after them. Trying two more regressors then costs a few products
// instead of a new regression.
type basis struct {
	vectors  [][]float64
	residual []float64
}

func newBasis(y []float64, columns ...[]float64) basis {
	return basis{residual: y}.with(columns...)
}

// with returns the basis extended by more columns. A column that depends on the
// ones before it is left out.
func (b basis) with(columns ...[]float64) basis {
	b.vectors, b.residual = slices.Clip(b.vectors), slices.Clone(b.residual)
	for _, c := range columns {
		u := slices.Clone(c)
		for range 2 { // twice, to remove what rounding left
			for _, v := range b.vectors {
				floats.AddScaled(u, -floats.Dot(u, v), v)
			}
		}
		if length := squares(u); length > dependent*squares(c) {
			floats.Scale(1/math.Sqrt(length), u)
			floats.AddScaled(b.residual, -floats.Dot(b.residual, u), u)
			b.vectors = append(b.vectors, u)
		}
	}
	return b
}

// residualWith returns the residual sum of squares after two more columns.
func (b basis) residualWith(x, z []float64) float64 {
	xx, xz, zz := squares(x), floats.Dot(x, z), squares(z)
	leastX, leastZ := dependent*xx, dependent*zz
	for _, u := range b.vectors {
		px, pz := floats.Dot(x, u), floats.Dot(z, u)
		xx, xz, zz = xx-px*px, xz-px*pz, zz-pz*pz
	}
	rss, xy, zy := squares(b.residual), floats.Dot(x, b.residual), floats.Dot(z, b.residual)
	if xx > leastX {
		rss -= xy * xy / xx
		zz, zy = zz-xz*xz/xx, zy-xz*xy/xx
	}
	if zz > leastZ {
		rss -= zy * zy / zz
	}
	return max(0, rss)
}
