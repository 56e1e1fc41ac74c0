package detect

import "math"

// A noise is a model of what a series does besides its trend: an
// Ornstein–Uhlenbeck process (the AR(1) of irregular time stamps) with a
// correlation time, plus white noise. Unit of variance is that of the process.
type noise struct {
	tau   float64 // correlation time, in the unit of the time stamps; 0: white noise alone
	white float64 // variance of the white part over that of the process
	prior float64 // weight before the data
}

// noises returns the grid over which the unknown noise is averaged: correlation
// times in octaves from the spacing of the points to four times their span
// (there it is a random walk for all one can see), white shares from none to
// six times the process. The prior is 3 to 6 to 1 for white noise, the process
// alone and both, flat in the logarithm of the correlation time; of both, each
// octave is held less likely than the one before by a factor √2, for data
// hardly ever tell a slow process under white noise from none.
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

// A tuning is the filter that makes one noise white at given times, with unit
// variance: the Kalman filter of the process (Jones 1981).
type tuning struct {
	noise
	decay       []float64 // how much of the process is left from one point to the next
	gain, scale []float64
	logF        float64 // sum of the logarithms of the innovation variances
}

func newTuning(n int) *tuning {
	return &tuning{decay: make([]float64, n), gain: make([]float64, n), scale: make([]float64, n)}
}

// tunings returns the filters of all noises of a grid.
func tunings(t []float64, grid []noise) []*tuning {
	var all []*tuning
	for i, nz := range grid {
		tn := &tuning{gain: make([]float64, len(t)), scale: make([]float64, len(t))}
		if i > 0 && all[i-1].tau == nz.tau {
			tn.tau, tn.decay = nz.tau, all[i-1].decay
		} else {
			tn.decay = make([]float64, len(t))
		}
		tn.tune(t, nz)
		all = append(all, tn)
	}
	return all
}

// tune finds the gains of the filter, which soon are the same from one point to
// the next where the spacing is.
func (tn *tuning) tune(t []float64, nz noise) {
	if tn.tau != nz.tau {
		tn.decays(t, nz.tau)
	}
	tn.noise, tn.logF = nz, 0
	if nz.tau == 0 {
		return
	}
	p, product, decay, ahead := 1.0, 1.0, -1.0, 0.0
	var f, gain, scale float64
	for i, a := range tn.decay {
		p = a*a*p + 1 - a*a
		if a != decay || math.Abs(p-ahead) > 1e-13*p {
			f = p + nz.white
			gain, scale = p/f, 1/math.Sqrt(f)
		}
		decay, ahead = a, p
		tn.gain[i], tn.scale[i] = gain, scale
		p *= 1 - gain
		if product *= f; product > 1e100 || product < 1e-100 {
			tn.logF += math.Log(product)
			product = 1
		}
	}
	tn.logF += math.Log(product)
}

func (tn *tuning) decays(t []float64, tau float64) {
	step, decay := -1.0, 1.0
	tn.decay[0] = 0
	for i := 1; i < len(t); i++ {
		if dt := t[i] - t[i-1]; math.Abs(dt-step) > 0.02*step { // nearer spacings make no difference
			step, decay = dt, math.Exp(-dt/tau)
		}
		tn.decay[i] = decay
	}
}

// A whitener filters the columns of a regression like the observations (Kohn &
// Ansley 1985).
type whitener struct {
	columns  [][]float64
	filtered [][]float64
}

func newWhitener(columns [][]float64) *whitener {
	n := len(columns[0])
	room := make([]float64, len(columns)*n)
	w := &whitener{columns: columns}
	for range columns {
		w.filtered, room = append(w.filtered, room[:n:n]), room[n:]
	}
	return w
}

// equations fills q with the products of the columns filtered for a noise.
func (w *whitener) equations(tn *tuning, q *normal) {
	if tn.tau == 0 { // white already
		q.fill(w.columns)
		return
	}
	last := len(w.columns) - 1
	for c := 0; c < last; c += 2 {
		tn.filter(w.columns[c], w.columns[c+1], w.filtered[c], w.filtered[c+1])
	}
	if last%2 == 0 {
		tn.filter(w.columns[last], w.columns[last], w.filtered[last], w.filtered[last])
	}
	q.fill(w.filtered)
}

// filter filters two columns: the processor does both in the time of one.
func (tn *tuning) filter(x, y, outX, outY []float64) {
	n := len(tn.decay)
	gain, scale := tn.gain[:n], tn.scale[:n]
	x, y, outX, outY = x[:n], y[:n], outX[:n], outY[:n]
	var stateX, stateY float64
	for i, a := range tn.decay {
		g, u, v := gain[i], x[i], y[i]
		foreX, foreY, keep := a*stateX, a*stateY, a*(1-g)
		stateX, stateY = keep*stateX+g*u, keep*stateY+g*v
		outX[i], outY[i] = (u-foreX)*scale[i], (v-foreY)*scale[i]
	}
}
