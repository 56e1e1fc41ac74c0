package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// A rise is one rise of the level that was not taken back: a step, or a ramp from
// its first point to its last.
type rise struct {
	from, to float64 // hours
	size     float64 // in the unit of the series
	sudden   bool    // a step
}

// at is when the rise had happened.
func (r rise) at() time.Duration { return duration(r.to) }

// An ascent is by how much the level of one lifetime rose for good, and in which
// rises. Steps that come back are no part of it.
type ascent struct {
	rises    []rise  // oldest first; none where the level did not rise by more than chance and more than it may
	level    float64 // before the first of them
	from, to float64 // hours: the first and the last judged sample
}

const (
	settled  = 1 - power // share of an ascent that is too little to be a rise of its own, or to go on with one
	expected = 3         // rises that are expected in a time in which none is seen with probability 1 − power: −ln 0.05
)

// net is by how much the level rose.
func (a *ascent) net() (sum float64) {
	for _, r := range a.rises {
		sum += r.size
	}
	return sum
}

// last is the hour at which the last rise ended.
func (a *ascent) last() float64 { return a.rises[len(a.rises)-1].to }

// flat is how long the level has been flat, in hours.
func (a *ascent) flat() float64 { return a.to - a.last() }

// enough is the length of a flat stretch, in hours, that shows that the ascent has
// ended: rises that continued at their own pace would have shown themselves with
// probability power. It is never shorter than the time that all the rises took,
// because a single rise has no pace, and those of a heap that doubles, or a table,
// come ever more slowly: the next is due when as much time has passed again.
func (a *ascent) enough() float64 {
	took := a.last() - a.from
	if n := float64(len(a.rises)); n > 1 {
		return took * max(1, expected/n)
	}
	return took
}

// continues reports whether the level rose and has not been flat for long enough
// to show that this has ended.
func (a *ascent) continues() bool { return a.found() && a.flat() < a.enough() }

// found reports whether the level rose.
func (a *ascent) found() bool { return len(a.rises) > 0 }

// ascent finds the rises of the level of one lifetime. They count where they are
// together larger than the room, and more than chance would give under the noise
// around them, at the bound alpha.
func (l *lifetime) ascent(quantum, room, alpha float64) (a ascent) {
	v := &l.view
	if v.scale == 0 || (slices.Max(v.y)-slices.Min(v.y))*v.scale <= room {
		return a
	}
	regular := l.regularColumns()
	level := l.levelOf(residualAfter(v.t, v.y, regular), v.floorVariance(quantum))
	held := permanent(level)
	n := len(held)
	net := held[n-1] - held[0]
	if net*v.scale <= room || wasThere(level, held[n-1]-room/v.scale) {
		return a
	}
	columns := append([][]float64{ones(n)}, regular...)
	tr := estimate(v.t, append(columns, held, v.y), noises(1/float64(n), 1), v.floorVariance(quantum))
	if !tr.known() || tr.cdf(0) >= alpha {
		return a
	}
	a.from, a.to = v.origin, v.origin+v.span
	a.level = v.center + held[0]*v.scale
	a.rises = l.rises(l.pts, held, min(settled*net, room/v.scale))
	return a
}

// rises are those of the permanent level, without what remains after the last
// that is more than a little.
func (f *fit) rises(pts []point, held []float64, little float64) (all []rise) {
	v := &f.view
	n := len(held)
	for i := 1; i < n && held[n-1]-held[i-1] > little; i++ {
		if held[i] <= held[i-1] {
			continue
		}
		r, first := rise{from: v.t[i-1], size: -held[i-1]}, i
		for i < n && held[i] > held[i-1] && held[n-1]-held[i-1] > little {
			i++
		}
		i--
		r.to, r.size, r.sudden = v.t[i], r.size+held[i], i-first < leastRun
		if r.size > little {
			all = append(all, r)
		}
	}
	for i := range all {
		r := &all[i]
		r.from, r.to, r.size = v.origin+r.from*v.span, v.origin+r.to*v.span, r.size*v.scale
		if r.sudden {
			r.from = stepBetween(pts, 2*r.from-r.to, 2*r.to-r.from)
			r.to = r.from
		}
	}
	return all
}

// stepBetween returns the hour between two others at which two levels fit the
// points best: a view is coarser than they are.
func stepBetween(pts []point, from, to float64) (at float64) {
	i, _ := slices.BinarySearchFunc(pts, from, func(p point, t float64) int { return cmp.Compare(p.t, t) })
	j, _ := slices.BinarySearchFunc(pts, to, func(p point, t float64) int { return cmp.Compare(p.t, t) })
	near := pts[i:min(j+1, len(pts))]
	sum, n := 0.0, float64(len(near))
	for _, p := range near {
		sum += p.mid
	}
	most, before := 0.0, 0.0
	at = (from + to) / 2
	for i := 1; i < len(near); i++ {
		before += near[i-1].mid
		k := float64(i)
		if rise := (sum-before)/(n-k) - before/k; rise > 0 && rise*rise*k*(n-k) > most {
			most, at = rise*rise*k*(n-k), (near[i-1].t+near[i].t)/2
		}
	}
	return at
}

// permanent is the level that is never fallen below again: its future minimum.
func permanent(level []float64) []float64 {
	held := slices.Clone(level)
	for i := len(held) - 2; i >= 0; i-- {
		held[i] = min(held[i], held[i+1])
	}
	return held
}

// wasThere reports whether a level is not new: it was reached for as large a part
// of the time before it was last reached as growth must last.
func wasThere(level []float64, height float64) bool {
	from := len(level)
	for from > 0 && level[from-1] >= height {
		from--
	}
	reached := 0
	for _, l := range level[:from] {
		if l >= height {
			reached++
		}
	}
	return float64(reached) > lastShare*float64(from)
}

// levelOf returns the level of the view at each point: pieces that are flat or
// ramps, or those after a warm-up that approaches a level, where that fits better.
func (f *fit) levelOf(y []float64, floor float64) []float64 {
	t := f.view.t
	level, variance, cost := fitPieces(t, y, floor)
	if c := f.chosen(); c.tau > 0 {
		s := c.start()
		columns := [][]float64{ones(len(t) - s)}
		if c.grows {
			columns = append(columns, t[s:])
		}
		if c.step > 0 {
			columns = append(columns, after(len(t), c.step)[s:])
		}
		settledY := slices.Clone(y)
		copy(settledY[s:], subtractFit(append(columns, approach(t[s:], c.tau)), y[s:], len(columns)))
		p := newLevelSearch(t, settledY)
		warm, _, costs := p.fit(variance)
		if costs+3*math.Log(float64(len(t))) < cost {
			return warm
		}
	}
	return level
}

// fitPieces fits pieces that are flat or ramps. Their number depends on the
// variance of the noise, which is first that of the differences between neighbors,
// then that of the residual, with what its correlation adds to it.
func fitPieces(t, y []float64, floor float64) (level []float64, variance, cost float64) {
	p := newLevelSearch(t, y)
	step := typicalStep(y)
	variance = max(floor, step*step)
	for range 3 {
		var parameters int
		level, parameters, cost = p.fit(variance)
		residual := make([]float64, len(y))
		for i := range y {
			residual[i] = y[i] - level[i]
		}
		sum, next := squares(residual), 0.0
		for i := 1; i < len(residual); i++ {
			next += residual[i] * residual[i-1]
		}
		rho := 0.0
		if sum > 0 {
			rho = min(0.9, max(0, next/sum))
		}
		now := max(floor, sum/float64(max(1, len(y)-parameters))*(1+rho)/(1-rho))
		if now <= variance {
			break
		}
		variance = now
	}
	return level, variance, cost
}

// A levelSearch is the search for flat pieces and ramps by optimal partitioning (Jackson
// et al. 2005) under white noise of a known variance.
type levelSearch struct {
	t, y []float64
	sums []moments // of the points before each
}

func newLevelSearch(t, y []float64) *levelSearch {
	p := &levelSearch{t, y, make([]moments, len(t)+1)}
	for i, z := range y {
		s, x := p.sums[i], t[i]
		p.sums[i+1] = moments{s.x + x, s.z + z, s.xx + x*x, s.xz + x*z, s.zz + z*z}
	}
	return p
}

// residual returns the residual sums of squares of a piece about a level and about
// a line.
func (p *levelSearch) residual(from, to int) (flat, line float64) {
	xx, xz, zz := between(&p.sums[from], &p.sums[to], 1/float64(to-from))
	return max(0, zz), lineRSS(xx, xz, zz)
}

// fit returns the fitted pieces at each point, the number of their parameters, and
// their cost: residual variances, and ln n for each parameter.
func (p *levelSearch) fit(variance float64) (fitted []float64, parameters int, cost float64) {
	n := len(p.t)
	price := math.Log(float64(n))
	best, from, ramp := make([]float64, n+1), make([]int, n+1), make([]bool, n+1)
	for to := 1; to <= n; to++ {
		best[to] = math.Inf(1)
		for at := 0; at+leastRun <= to; at++ {
			if math.IsInf(best[at], 1) {
				continue
			}
			flat, line := p.residual(at, to)
			flat, line = flat/variance+2*price, line/variance+3*price
			if c := best[at] + min(flat, line); c < best[to] {
				best[to], from[to], ramp[to] = c, at, line < flat
			}
		}
	}
	fitted = make([]float64, n)
	for to := n; to > 0; to = from[to] {
		at := from[to]
		m := float64(to - at)
		a, b := &p.sums[at], &p.sums[to]
		middle, mean, slope := (b.x-a.x)/m, (b.z-a.z)/m, 0.0
		parameters += 2
		if xx, xz, _ := between(a, b, 1/m); ramp[to] && xx > 0 {
			slope = xz / xx
			parameters++
		}
		for i := at; i < to; i++ {
			fitted[i] = mean + slope*(p.t[i]-middle)
		}
	}
	return fitted, parameters, best[n]
}

// ascent is that of the lifetime in which the level may go on to rise, or rose
// last.
func (c *inquiry) ascent(k criteria, lifetimes []lifetime, alpha float64) (a ascent) {
	for i := range lifetimes {
		l, room := &lifetimes[i], k.cleanRoom
		if k.tolerance > 0 {
			room = k.tolerance * l.view.span
		}
		if b := l.ascent(c.quantum, room, alpha); len(b.rises) > 0 && (b.continues() || !a.continues()) {
			a = b
		}
	}
	return a
}

// steps are the rises as a verdict states them.
func (a *ascent) steps() (all []soak.Step) {
	for _, r := range a.rises {
		all = append(all, soak.Step{At: r.at(), Size: soak.Float(r.size)})
	}
	return all
}

// mostNamed is the number of rises up to which each is named with its time.
const mostNamed = 6

// ended states the rises of a level that has been flat for long enough since.
func (a *ascent) ended(unit string) string {
	var when []string
	for _, r := range a.rises {
		when = append(when, human.Roughly(r.at()))
	}
	n := len(a.rises)
	first, size := a.rises[0], human.Amount(a.net(), unit)
	flat := "; flat for " + human.Roughly(duration(a.flat())) + " since"
	switch {
	case n == 1 && first.sudden:
		return fmt.Sprintf("rose by %s at %s%s", size, when[0], flat)
	case n == 1:
		return fmt.Sprintf("rose by %s from %s to %s%s", size, human.Roughly(duration(first.from)), when[0], flat)
	case n > mostNamed:
		return fmt.Sprintf("rose %d times from %s to %s, by %s in all%s", n, when[0], when[n-1], size, flat)
	}
	return fmt.Sprintf("rose at %s and %s, by %s in all%s", strings.Join(when[:n-1], ", "), when[n-1], size, flat)
}

// unended states the rises of a level that may go on to rise, and what would show
// that it does not.
func (a *ascent) unended(unit string) string {
	n, size := len(a.rises), human.Amount(a.net(), unit)
	if a.level > 0 {
		size = "+" + human.Percent(a.net()/a.level)
	}
	steps := !slices.ContainsFunc(a.rises, func(r rise) bool { return !r.sudden })
	ago := human.Roughly(duration(a.flat())) + " ago"
	var rose string
	switch {
	case n == 1 && steps:
		rose = fmt.Sprintf("rose in one step, %s, %s", size, ago)
	case n == 1 && a.flat() == 0:
		return fmt.Sprintf("rose until the end, %s; a longer run is needed", size)
	case n == 1:
		rose = fmt.Sprintf("rose until %s, %s", ago, size)
	case steps:
		rose = fmt.Sprintf("rose in %d steps, %s, the last %s", n, size, ago)
	default:
		rose = fmt.Sprintf("rose %d times, %s, the last until %s", n, size, ago)
	}
	return fmt.Sprintf("%s; %s of flat level would show that it ended", rose, human.Roughly(duration(a.enough())))
}
