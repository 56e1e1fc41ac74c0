package detect

import (
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// A period is a periodic part of a view: a frequency in cycles per span, and
// how many of its harmonics belong to it.
type period struct {
	frequency float64
	harmonics int
}

const (
	leastCycles  = 2.5 // fewer repetitions are not enough to call it periodic
	slowest      = 0.5 // cycles, from trough to crest: a smaller part of a wave cannot be distinguished from a line
	leastPerWave = 6   // points per cycle; the lower envelopes deal with what is faster
	maxHarmonics = 4
	maxPeriods   = 2
	worthwhile   = 0.15 // share of the variance that a period must explain to be tried
)

// periods looks for periodic load in a view by harmonic regression on top of a
// rough trend: the strongest frequency of the periodogram (Schuster 1898), then its
// harmonics, then once more in the residual. It returns none where nothing
// exceeds worthwhile; whether a period is better than none is decided by the
// caller's criterion.
func periods(t, y []float64) []period {
	n := len(t)
	if n < 48 {
		return nil
	}
	var found []period
	residue := newBasis(y, trendColumns(t)...)
	wave := newOscillator(t)
	for range maxPeriods {
		before := squares(residue.residual)
		f := strongest(t, residue.residual)
		if len(found) == 0 && residue.residualWith(wave.at(f)) > (1-worthwhile/2)*before {
			break // far below worthwhile
		}
		f = minimum(func(f float64) float64 { return residue.residualWith(wave.at(f)) }, f-0.3, f+0.3)
		p := period{f, 1}
		with := residue.with(wave.at(f))
		more := with
		for h := 2; h <= maxHarmonics && f*float64(h) < float64(n)/4; h++ {
			more = more.with(wave.at(f * float64(h)))
			if float64(n)*math.Log(squares(with.residual)/squares(more.residual)) > 4*math.Log(float64(n)) {
				p.harmonics, with = h, more
			}
		}
		if !(squares(with.residual) < (1-worthwhile)*before) {
			break
		}
		found = append(found, p)
		residue = with
	}
	return found
}

// An oscillator computes waves; each overwrites the one before.
type oscillator struct{ t, sin, cos []float64 }

func newOscillator(t []float64) oscillator {
	return oscillator{t, make([]float64, len(t)), make([]float64, len(t))}
}

func (o oscillator) at(frequency float64) (sin, cos []float64) {
	for i, u := range o.t {
		o.sin[i], o.cos[i] = math.Sincos(2 * math.Pi * frequency * u)
	}
	return o.sin, o.cos
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
		var s, c, ss, sc float64
		for i, w := range wave {
			sin, cos, v := imag(w), real(w), y[i]
			s += sin * v
			c += cos * v
			ss += sin * sin
			sc += sin * cos
			wave[i] = w * turn[i]
		}
		cc := float64(len(t)) - ss
		if p := (cc*s*s + ss*c*c - 2*sc*s*c) / max(1e-12, ss*cc-sc*sc); p > power {
			best, power = f, p
		}
	}
	return best
}

// waveColumns returns the sine and cosine columns of periods.
func waveColumns(t []float64, ps []period) [][]float64 {
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

// residualAfter returns y without the columns, fitted together with a rough trend.
func residualAfter(t, y []float64, columns [][]float64) []float64 {
	if len(columns) == 0 {
		return y
	}
	base := trendColumns(t)
	return subtractFit(append(base, columns...), y, len(base))
}

// trendColumns are a rough trend: a level, a line, an early exponential approach.
func trendColumns(t []float64) [][]float64 { return [][]float64{ones(len(t)), t, approach(t, 0.1)} }

// subtractFit fits all columns to y and subtracts those from the given index on.
func subtractFit(columns [][]float64, y []float64, from int) []float64 {
	var q normal
	q.fill(append(slices.Clip(columns), y))
	q.factor()
	b := q.coefficients()
	out := slices.Clone(y)
	for c := from; c < len(columns); c++ {
		floats.AddScaled(out, -b[c], columns[c])
	}
	return out
}

func squares(y []float64) float64 { return floats.Dot(y, y) }
