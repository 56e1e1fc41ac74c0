package detect

import (
	"math"
	"slices"
)

// A point is one bucket of the judged part of a series.
type point struct {
	t             float64 // hours
	mid, min, max float64
	n             float64 // samples
	segment       int     // no trend is carried from one to the next
	rate          float64 // factor on the planned load
}

// A view is a smoothed series to be judged for growth: the middle of the samples,
// or their lower envelope, the minima over windows of a given width. Growth raises
// every view; memory that a collector returns, and bursts, are not in the lower
// envelopes. Time is scaled to the span, values to their range.
type view struct {
	floor   bool
	t, y    []float64
	rate    []float64
	samples float64 // per point
	center  float64
	scale   float64
	origin  float64 // hours
	span    float64 // hours
}

const (
	fullPoints  = 192 // points of the finest view: time resolution of half a percent, some 100 points in the half that is judged
	leastPoints = 8   // fewer points allow no estimate of their noise
	viewsTried  = 5   // the middle and four lower envelopes: each is a chance for a false alarm
)

// views returns the middle and the lower envelopes over ever wider windows, from
// two points to a twelfth of the span: a sawtooth that is faster than that is gone
// from one of them.
func views(pts []point) []view {
	vs := []view{middle(pts, fullPoints)}
	for m := fullPoints / 2; m >= 12; m /= 2 {
		if len(pts) < 2*m && (pts[0].n < 2 || len(pts) < m) {
			continue
		}
		vs = append(vs, floors(pts, m))
	}
	return vs
}

func middle(pts []point, m int) view {
	v := view{}
	var mids []float64
	windows(pts, m, func(w []point) {
		mids = mids[:0]
		t := 0.0
		for _, p := range w {
			t += p.t
			mids = append(mids, p.mid)
		}
		v.append(t/float64(len(w)), trimmedMean(mids), w[0])
	})
	v.finish(pts)
	return v
}

// ceilings are the upper envelope.
func ceilings(pts []point, m int) view {
	turned := make([]point, len(pts))
	for i, p := range pts {
		turned[i] = p
		turned[i].min = -p.max
	}
	v := floors(turned, m)
	v.center = -v.center
	for i := range v.y {
		v.y[i] = -v.y[i]
	}
	return v
}

// floorVariance is the variance of a point due to the resolution of the readings
// alone.
func (v *view) floorVariance(quantum float64) float64 {
	return max(1e-16, quantum*quantum/12/v.samples/(v.scale*v.scale))
}

func floors(pts []point, m int) view {
	v := view{floor: true}
	typical := float64(len(pts)) / float64(m)
	windows(pts, m, func(w []point) {
		if float64(len(w)) < 0.6*typical {
			return // a minimum over fewer samples is higher
		}
		low := w[0]
		for _, p := range w[1:] {
			if p.min < low.min {
				low = p
			}
		}
		v.append(low.t, low.min, w[0])
	})
	v.finish(pts)
	return v
}

// windows cuts the points into at most m windows of equal length, none of them
// across a change of rate.
func windows(pts []point, m int, use func([]point)) {
	t0 := pts[0].t
	width := (pts[len(pts)-1].t - t0) * (1 + 1e-9) / float64(m)
	if len(pts) <= m || width <= 0 {
		width = 0
	}
	end := func(p point) float64 { return t0 + width*(math.Floor((p.t-t0)/width)+1) }
	start, until := 0, end(pts[0])
	for i := 1; i <= len(pts); i++ {
		if i < len(pts) && pts[i].t < until && pts[i].rate == pts[start].rate {
			continue
		}
		use(pts[start:i])
		if start = i; i < len(pts) {
			until = end(pts[i])
		}
	}
}

// trimmedMean is the mean without the lowest and the highest tenth.
func trimmedMean(v []float64) float64 {
	cut := 0
	if len(v) > 4 {
		cut = max(1, len(v)/10)
	}
	if cut == 1 {
		return (total(v) - slices.Min(v) - slices.Max(v)) / float64(len(v)-2)
	}
	if cut > 1 {
		slices.Sort(v)
	}
	return total(v[cut:len(v)-cut]) / float64(len(v)-2*cut)
}

func total(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

func (v *view) append(t, y float64, p point) {
	v.t = append(v.t, t)
	v.y = append(v.y, y)
	v.rate = append(v.rate, p.rate)
}

func (v *view) finish(pts []point) {
	total := 0.0
	for _, p := range pts {
		total += p.n
	}
	if len(v.t) == 0 {
		return
	}
	v.samples = max(1, total/float64(len(v.t)))
	clip(v.y)
	v.origin, v.span = pts[0].t, pts[len(pts)-1].t-pts[0].t
	v.center = v.y[len(v.y)/2]
	for _, y := range v.y {
		v.scale = max(v.scale, math.Abs(y-v.center))
	}
	for i := range v.y {
		v.t[i] = (v.t[i] - v.origin) / v.span
		if v.scale > 0 {
			v.y[i] = (v.y[i] - v.center) / v.scale
		}
	}
}

// clip moves isolated outliers to their neighbors: the Hampel filter (Davies &
// Gather 1993) with seven points and five deviations. Steps and ramps pass.
func clip(y []float64) {
	const half, limit = 3, 5
	if len(y) < 2*half+1 {
		return
	}
	median := make([]float64, len(y))
	off := make([]float64, len(y))
	w := slices.Clone(y[:2*half+1]) // about y[i], sorted
	slices.Sort(w)
	for i := range y {
		if i > half && i+half < len(y) {
			replace(w, y[i-half-1], y[i+half])
		}
		median[i] = w[half]
		off[i] = math.Abs(y[i] - median[i])
	}
	slices.Sort(off)
	room := limit * 1.4826 * off[len(off)/2]
	if room == 0 {
		room = off[len(off)*9/10]
	}
	for i := half; i < len(y)-half; i++ {
		y[i] = max(median[i]-room, min(median[i]+room, y[i]))
	}
}

// replace replaces one of the sorted values with another.
func replace(w []float64, old, now float64) {
	i := slices.Index(w, old)
	for ; i > 0 && w[i-1] > now; i-- {
		w[i] = w[i-1]
	}
	for ; i < len(w)-1 && w[i+1] < now; i++ {
		w[i] = w[i+1]
	}
	w[i] = now
}
