package detect

import "math"

// A noise is a model of the residual of a series: an
// Ornstein–Uhlenbeck process (an AR(1) process for irregular time stamps) with a
// correlation time, plus white noise. Variances are in units of that of the
// process.
type noise struct {
	tau   float64 // correlation time, in the unit of the time stamps; 0: white noise alone
	white float64 // variance of the white part over that of the process
	prior float64 // weight before the data
}

// noises returns the grid over which the unknown noise is averaged: correlation
// times in octaves from the spacing of the points to four times their span
// (where it is indistinguishable from a random walk), white shares from none to
// six times the process. The prior is 3 to 6 to 1 for white noise, the process
// alone and both, flat in the logarithm of the correlation time; of both, each
// octave is less likely than the one before by a factor √2, because data
// can hardly distinguish a slow process under white noise from none.
func noises(spacing, span float64) []noise {
	const white, alone, both = 0.3, 0.6, 0.1
	grid := []noise{{0, 1, white}}
	pure, mixed := 0.0, 0.0
	for tau := spacing; tau < 4*span; tau *= 2 {
		for _, w := range [...]float64{0, 0.1, 0.4, 1.5, 6} {
			weight := 1.0
			if w > 0 {
				weight = math.Sqrt(spacing / tau)
				mixed += weight
			} else {
				pure++
			}
			grid = append(grid, noise{tau, w, weight})
		}
	}
	for i := range grid[1:] {
		if nz := &grid[i+1]; nz.white == 0 {
			nz.prior *= alone / pure
		} else {
			nz.prior *= both / mixed
		}
	}
	return grid
}
