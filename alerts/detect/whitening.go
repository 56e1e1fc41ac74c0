package detect

import "math"

// A filter is the whitening filter of one noise at given times: the Kalman filter
// of the process (Jones 1981), whose innovations have unit variance.
type filter struct {
	noise
	decay       []float64 // autocorrelation of the process from one point to the next
	gain, scale []float64
	logF        float64 // sum of the logarithms of the innovation variances
}

func newFilter(n int) *filter {
	return &filter{decay: make([]float64, n), gain: make([]float64, n), scale: make([]float64, n)}
}

// newFilters returns the whitening filters of all noises of a grid.
func newFilters(t []float64, grid []noise) []*filter {
	var all []*filter
	for i, nz := range grid {
		wf := &filter{gain: make([]float64, len(t)), scale: make([]float64, len(t))}
		if i > 0 && all[i-1].tau == nz.tau {
			wf.tau, wf.decay = nz.tau, all[i-1].decay
		} else {
			wf.decay = make([]float64, len(t))
		}
		wf.design(t, nz)
		all = append(all, wf)
	}
	return all
}

// design computes the gains of the filter, which soon become constant where the
// spacing of the points is.
func (wf *filter) design(t []float64, nz noise) {
	if wf.tau != nz.tau {
		wf.decays(t, nz.tau)
	}
	wf.noise, wf.logF = nz, 0
	if nz.tau == 0 {
		return
	}
	p, product, decay, ahead := 1.0, 1.0, -1.0, 0.0
	var f, gain, scale float64
	for i, a := range wf.decay {
		// Predict the variance of the process, then take the innovation's.
		p = a*a*p + 1 - a*a
		if a != decay || math.Abs(p-ahead) > 1e-13*p {
			f = p + nz.white
			gain, scale = p/f, 1/math.Sqrt(f)
		}
		decay, ahead = a, p
		wf.gain[i], wf.scale[i] = gain, scale
		p *= 1 - gain
		// One logarithm for many factors, taken before the product overflows.
		if product *= f; product > 1e100 || product < 1e-100 {
			wf.logF += math.Log(product)
			product = 1
		}
	}
	wf.logF += math.Log(product)
}

func (wf *filter) decays(t []float64, tau float64) {
	step, decay := -1.0, 1.0
	wf.decay[0] = 0
	for i := 1; i < len(t); i++ {
		if dt := t[i] - t[i-1]; math.Abs(dt-step) > 0.02*step { // smaller differences do not matter
			step, decay = dt, math.Exp(-dt/tau)
		}
		wf.decay[i] = decay
	}
}

// A whitener filters the columns of a regression in the same way as the
// observations (Kohn & Ansley 1985).
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
func (w *whitener) equations(wf *filter, q *normal) {
	if wf.tau == 0 { // it is white already
		q.fill(w.columns)
		return
	}
	last := len(w.columns) - 1
	for c := 0; c < last; c += 2 {
		wf.apply(w.columns[c], w.columns[c+1], w.filtered[c], w.filtered[c+1])
	}
	if last%2 == 0 {
		wf.apply(w.columns[last], w.columns[last], w.filtered[last], w.filtered[last])
	}
	q.fill(w.filtered)
}

// apply filters two columns at once: a processor does both in the time of one.
func (wf *filter) apply(x, y, outX, outY []float64) {
	n := len(wf.decay)
	gain, scale := wf.gain[:n], wf.scale[:n]
	x, y, outX, outY = x[:n], y[:n], outX[:n], outY[:n]
	var stateX, stateY float64
	for i, a := range wf.decay {
		g, u, v := gain[i], x[i], y[i]
		foreX, foreY, keep := a*stateX, a*stateY, a*(1-g)
		stateX, stateY = keep*stateX+g*u, keep*stateY+g*v
		outX[i], outY[i] = (u-foreX)*scale[i], (v-foreY)*scale[i]
	}
}
