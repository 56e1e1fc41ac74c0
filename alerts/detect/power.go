package detect

import (
	"math"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// limitFactors lead from one growth that is tried to the next.
var limitFactors = [...]float64{1.5, 1.5, 1.5, 2, 2, 3, 3}

// limit is the smallest growth per hour that would have been called a leak, given a
// verdict with the formula's: none for a leak, and checked by computation where that
// was asked for.
func (c *inquiry) limit(e *evidence, v soak.Verdict, stated slopeTest) float64 {
	formula := float64(v.MinDetectable)
	switch {
	case v.State == soak.Leaking:
		return math.NaN()
	case !c.q.Final || math.IsNaN(formula) || math.IsInf(formula, 0):
		return formula
	case !stated.known(): // readings at rest that are equal
		return c.checkedLimit(e, formula, 0)
	}
	return stated.rising + c.checkedLimit(e, formula-stated.rising, stated.upper-stated.rising-stated.trend.slope)
}

// checkedLimit finds the limit by computation: growth is added to the readings
// without the growth that was fitted, and they are judged again. The search begins
// at the formula's limit, and ends with NaN where no growth that was tried is found.
//
// The noise is the series' own, so that teeth, slow waves and flicker are in it, as
// it is and turned round in time, which changes neither its distribution nor its
// slope. The slope that chance may add (lucky) is then in neither, and is added to
// what is found.
func (c *inquiry) checkedLimit(e *evidence, formula, lucky float64) float64 {
	noises := c.resampled(e)
	found := func(growth float64) bool {
		for i := range noises {
			if !noises[i].leaksWith(growth) {
				// The noise that hides growth best is asked first from now on.
				noises[0], noises[i] = noises[i], noises[0]
				return false
			}
		}
		return true
	}
	least := max(formula-lucky, formula/limitFactors[0])
	if found(least) {
		return formula
	}
	for _, factor := range limitFactors {
		most := least * factor
		if found(most) {
			if mid := math.Sqrt(least * most); found(mid) {
				most = mid
			}
			return most + lucky
		}
		least = most
	}
	return math.NaN()
}

// A resample is a question about noise without growth.
type resample struct {
	c     inquiry
	start float64 // hour from which growth is added
	phase float64 // at which it begins within a step of the readings
}

// resampled returns the noise of the readings, without the growth that was
// fitted.
func (c *inquiry) resampled(e *evidence) []resample {
	own := *c
	own.q.Final, own.q.Fired = false, 0
	own.pts = slices.Clone(c.pts)
	own.q.Rest = slices.Clone(c.q.Rest)
	for i := range e.load.lifetimes {
		l := &e.load.lifetimes[i]
		own.addGrowth(-l.trend.slope, l.onset, l.pts[0].segment)
	}
	if e.rest.trend.known() {
		own.addRest(-e.rest.trend.slope, c.loaded.Hours())
	}
	all := []resample{{own, c.pts[0].t, 0.5}}
	if turned, ok := own.turned(e); ok {
		all = append(all, resample{turned, c.pts[0].t, 0})
	} else if c.quantum > 0 {
		all = append(all, resample{own, c.pts[0].t, 0})
	}
	return all
}

// turned returns the noise of the only lifetime turned round in time, from where
// its last piece begins. It has no other where the level follows the load.
func (c *inquiry) turned(e *evidence) (inquiry, bool) {
	other := *c
	if len(e.load.lifetimes) != 1 {
		return other, false
	}
	l := &e.load.lifetimes[0]
	if m := l.chosen(); l.still() || m.tau > 0 || m.step > 0 || len(rateColumns(l.view.rate)) > 0 {
		return other, false
	}
	other.pts = slices.Clone(c.pts)
	in := func(p point) bool { return p.segment == l.pts[0].segment && p.t >= l.onset }
	first := slices.IndexFunc(c.pts, in)
	last := first
	for last+1 < len(c.pts) && in(c.pts[last+1]) {
		last++
	}
	for i := first; i <= last; i++ {
		p, q := &other.pts[i], c.pts[first+last-i]
		p.mid, p.min, p.max = q.mid, q.min, q.max
	}
	return other, true
}

// addGrowth adds growth from an hour on to one segment, in whole steps of the
// readings.
func (c *inquiry) addGrowth(slope, from float64, segment int) {
	for i := range c.pts {
		if p := &c.pts[i]; p.segment == segment && p.t > from {
			up := c.whole(slope*(p.t-from), 0.5)
			p.mid, p.min, p.max = p.mid+up, p.min+up, p.max+up
		}
	}
}

func (c *inquiry) addRest(slope, from float64) {
	for i := range c.q.Rest {
		if p := &c.q.Rest[i]; p.At.Hours() > from {
			p.Value += c.whole(slope*(p.At.Hours()-from), 0.5)
		}
	}
}

// whole is a value in whole steps of the readings, where the first begins at a phase.
func (c *inquiry) whole(v, phase float64) float64 {
	if c.quantum > 0 {
		return c.quantum * math.Floor(v/c.quantum+phase)
	}
	return v
}

// leaksWith reports whether the noise is called a leak when growth is added to it.
func (r resample) leaksWith(growth float64) bool {
	c := r.c
	c.pts, c.q.Rest = slices.Clone(c.pts), slices.Clone(c.q.Rest)
	// Each lifetime of the process grows from its beginning.
	from, segment := r.start, c.pts[0].segment
	for i := range c.pts {
		p := &c.pts[i]
		if p.segment != segment {
			from, segment = p.t, p.segment
		}
		up := c.whole(growth*(p.t-from), r.phase)
		p.mid, p.min, p.max = p.mid+up, p.min+up, p.max+up
	}
	c.addRest(growth, c.loaded.Hours())
	c.level = meanFrom(c.pts, c.pts[0].t)
	leaks, _ := c.leaks(nil)
	return leaks
}

// coarse is the interval of the slopes per hour that the resolution of the readings
// leaves possible where the chosen model is not one line: a line in whole steps
// looks like a few steps of the level, each of which has ended. It holds the slopes
// of all lines from which no point of the view departs by more than one step and the
// flicker. ok is false where no line stays so close.
func (f *fit) coarse(quantum float64) (lo, hi float64, ok bool) {
	v := &f.view
	c := f.chosen()
	if quantum <= 0 || !f.still() && c.start() == 0 && c.step == 0 && c.tau == 0 {
		return 0, 0, false
	}
	step := quantum / v.span
	if f.still() {
		return -step, step, true
	}
	flicker := typicalFlicker(v.y)
	if flicker*v.scale > coarseFlicker*quantum {
		return 0, 0, false
	}
	room := quantum/v.scale + coarseRoom*flicker
	lo, hi = math.Inf(-1), math.Inf(1)
	y, window := withoutSingles(v.y), 1/float64(len(v.t))
	for i := range v.t {
		for j := i + 1; j < len(v.t); j++ {
			// A point lies somewhere in its window.
			dt, dy := v.t[j]-v.t[i], y[j]-y[i]
			if lo = max(lo, (dy-room)/(dt+window)); dt > 2*window {
				hi = min(hi, (dy+room)/(dt-window))
			}
		}
	}
	unit := v.scale / v.span
	return lo * unit, hi * unit, lo <= hi
}

const (
	coarseFlicker = 3 // steps between neighbors; in more noise than this, whole steps do not matter
	coarseRoom    = 3 // times the flicker: seven standard deviations of normal noise
)

// typicalFlicker is what nine tenths of the differences between neighbors do not
// exceed: the changes of a level are fewer than the rest.
func typicalFlicker(y []float64) float64 {
	steps := make([]float64, len(y)-1)
	for i := range steps {
		steps[i] = math.Abs(y[i+1] - y[i])
	}
	slices.Sort(steps)
	return steps[len(steps)*9/10]
}

// withoutSingles moves each point to the median of itself and its neighbors.
func withoutSingles(y []float64) []float64 {
	out := slices.Clone(y)
	for i := 1; i+1 < len(y); i++ {
		out[i] = median3(y[i-1:])
	}
	return out
}

// coarse is the interval that the resolution of the readings leaves to the slope in
// all lifetimes of the process. Where one of them is not so coarse, it determines
// the slope, and ok is false.
func (c *inquiry) coarse(lifetimes []lifetime) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(-1), math.Inf(1)
	for i := range lifetimes {
		low, high, ok := lifetimes[i].coarse(c.quantum)
		if !ok {
			return 0, 0, false
		}
		lo, hi = max(lo, low), min(hi, high)
	}
	return lo, hi, len(lifetimes) > 0 && lo <= hi
}

const (
	toothPoints = 30              // fewer points
	toothSpan   = 2 * time.Minute // over less time may be one tooth: Go collects at least as often
)

// oneTooth reports whether the points may be one tooth of the sawtooth of a garbage
// collector. A heap has one, unless what is measured is what collections leave.
func (c *inquiry) oneTooth(points int) bool {
	name := strings.ToLower(c.q.Series.Metric.Name)
	collected := strings.Contains(name, "heap") && !strings.Contains(name, "live") && !strings.Contains(name, "after")
	return collected && points < toothPoints && c.hours < toothSpan.Hours()
}
