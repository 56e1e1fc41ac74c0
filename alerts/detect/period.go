package detect

import (
	"math"
	"math/cmplx"
	"slices"
)

// A period is a periodic part of a view: a frequency in cycles per span, and
// how many of its harmonics belong to it.
type period struct {
	frequency float64
	harmonics int
}

const (
	leastCycles  = 2.5 // fewer are not seen often enough to be called periodic
	slowest      = 0.5 // cycles, from trough to crest: less of a wave is not told from a line
	leastPerWave = 6   // points a cycle; the floors deal with what is faster
	maxHarmonics = 4
	maxPeriods   = 2
	worthwhile   = 0.15 // of the variance that a period must explain to be tried
)

// periods looks for regular load in a view by harmonic regression beside a
// slow course: the strongest frequency of the periodogram (Schuster 1898),
// then its harmonics, then once more on what is left. It returns none where
// nothing stands out; whether the find is better than no period is for the
// caller's criterion to say.
func periods(t, y []float64) []period {
	n := len(t)
	if n < 48 {
		return nil
	}
	var found []period
	rest := residuals(t, y, nil)
	for range maxPeriods {
		before := squares(rest)
		f := strongest(t, rest)
		if len(found) == 0 && squares(residuals(t, y, []period{{f, 1}})) > (1-worthwhile/2)*before {
			break // far from it
		}
		f = sharpen(t, y, found, f)
		p := period{f, 1}
		with := residuals(t, y, append(found, p))
		for h := 2; h <= maxHarmonics && f*float64(h) < float64(n)/4; h++ {
			more := residuals(t, y, append(found, period{f, h}))
			if float64(n)*math.Log(squares(with)/squares(more)) > 4*math.Log(float64(n)) {
				p.harmonics, with = h, more
			}
		}
		if !(squares(with) < (1-worthwhile)*before) {
			break
		}
		found = append(found, p)
		rest = with
	}
	return found
}

// strongest scans the periodogram in steps of a quarter cycle. From one
// frequency to the next the sine and cosine of each point turn by a fixed angle.
func strongest(t, y []float64) float64 {
	const step = 0.25
	wave := make([]complex128, len(t))
	turn := make([]complex128, len(t))
	for i, u := range t {
		wave[i] = cmplx.Rect(1, 2*math.Pi*leastCycles*u)
		turn[i] = cmplx.Rect(1, 2*math.Pi*step*u)
	}
	best, power := leastCycles, -1.0
	for f := leastCycles; f <= float64(len(t))/leastPerWave; f += step {
		var s, c, ss, cc, sc float64
		for i, w := range wave {
			sin, cos := imag(w), real(w)
			s += sin * y[i]
			c += cos * y[i]
			ss += sin * sin
			cc += cos * cos
			sc += sin * cos
			wave[i] = w * turn[i]
		}
		if p := (cc*s*s + ss*c*c - 2*sc*s*c) / max(1e-12, ss*cc-sc*sc); p > power {
			best, power = f, p
		}
	}
	return best
}

// sharpen finds the frequency near f that leaves the least, by golden section.
func sharpen(t, y []float64, found []period, f float64) float64 {
	cost := func(f float64) float64 { return squares(residuals(t, y, append(found, period{f, 1}))) }
	return minimum(cost, f-0.3, f+0.3)
}

// waves returns the sine and cosine columns of periods.
func waves(t []float64, ps []period) [][]float64 {
	var columns [][]float64
	for _, p := range ps {
		for h := 1; h <= p.harmonics; h++ {
			s, c := make([]float64, len(t)), make([]float64, len(t))
			for i, u := range t {
				s[i], c[i] = math.Sincos(2 * math.Pi * p.frequency * float64(h) * u)
			}
			columns = append(columns, s, c)
		}
	}
	return columns
}

// residuals returns what is left of y after a slow course and the periods.
func residuals(t, y []float64, ps []period) []float64 {
	columns := append(slow(t), waves(t, ps)...)
	return remove(columns, y, 0)
}

// without returns y without the columns, fitted beside a slow course.
func without(t, y []float64, columns [][]float64) []float64 {
	if len(columns) == 0 {
		return y
	}
	course := slow(t)
	return remove(append(course, columns...), y, len(course))
}

// slow is a rough course to fit other things beside: a level, a line, an early
// approach.
func slow(t []float64) [][]float64 { return [][]float64{ones(len(t)), t, approach(t, 0.1)} }

// remove fits all columns to y and takes those from the given one on off it.
func remove(columns [][]float64, y []float64, from int) []float64 {
	n := len(columns)
	var q normal
	q.reset(n + 1)
	var row [maxColumns]float64
	for i := range y {
		for c := range columns {
			row[c] = columns[c][i]
		}
		row[n] = y[i]
		q.add(row[:n+1])
	}
	q.factor()
	b := q.coefficients()
	out := slices.Clone(y)
	for i := range out {
		for c := from; c < n; c++ {
			out[i] -= b[c] * columns[c][i]
		}
	}
	return out
}

func squares(y []float64) float64 {
	s := 0.0
	for _, v := range y {
		s += v * v
	}
	return s
}
