package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
	"soakmon/soak/human"
)

// A rise is one rise of the level that was not taken back: a step, or a ramp from
// its first point to its last.
type rise struct {
	from, to float64 // hours
	size     float64 // in the unit of the series
	sudden   bool    // a step
	points   int     // of the view in which it rose; a step counts as one
}

// at is when the rise had happened.
func (r rise) at() time.Duration { return duration(r.to) }

// middle is the hour in the middle of the rise.
func (r rise) middle() float64 { return (r.from + r.to) / 2 }

// An ascent is by how much the level of one lifetime rose permanently, and in which
// rises. Steps that come back do not belong to it.
type ascent struct {
	rises    []rise  // oldest first; none where the level did not rise by more than chance and more than it may
	level    float64 // before the first of them
	from, to float64 // hours: the first and the last judged sample
	small    bool    // it is within the room that clean allows
	each     []rise  // the rises that are at least half of a typical one, however many there are
	fell     bool    // as much was taken back
}

const (
	settled  = 1 - power // share of an ascent that is too little to be a rise of its own, or to be a part of one
	expected = 3         // rises that are expected in a time in which none is seen with probability 1 − power: −ln 0.05
)

// net is by how much the level rose.
func (a *ascent) net() float64 { return total(sizes(a.rises)) }

// last is the hour at which the last rise ended.
func (a *ascent) last() float64 { return a.rises[len(a.rises)-1].to }

// flat is how long the level has been flat, in hours.
func (a *ascent) flat() float64 { return a.to - a.last() }

// enough is the length of a flat stretch, in hours, that shows that the ascent has
// ended: rises that continued at their own pace would have shown themselves with
// probability power. A ramp rises in each of its points, so its pace is fast, but
// like growth its end must have lasted for a part of the time. What waited before
// it rose may wait as long again, and twice as long as between the last two: the
// rises of a heap that doubles, or a table, come ever more slowly. A single step has
// no pace; that of all the time before it is the only one known.
func (a *ascent) enough() float64 {
	took := a.last() - a.from
	count, waits, waited, before := 0, 0.0, 0.0, a.from
	for _, r := range a.rises {
		count += r.points
		waits += r.from - before
		waited = max(waited, r.from-before)
		before = r.to
	}
	if waits > took/2 { // its pace is that of the rises, not of the points in which one rises
		count = len(a.rises)
	}
	if count == 1 {
		return took
	}
	again := max(took*lastShare/(1-lastShare), 2*waited)
	return max(took*expected/float64(count), min(took, again))
}

// mostOften is the upper end of the 95 % interval of the number of rises, as a multiple
// of the number that was seen: that of a Poisson process (Garwood 1936).
func (a *ascent) mostOften() float64 {
	count := 0.0
	for _, r := range a.rises {
		count += float64(r.points)
	}
	return distuv.Gamma{Alpha: count + 1, Beta: 1}.Quantile(1-(1-power)/2) / count
}

// continues reports whether the level rose and has not been flat for long enough
// to show that this has ended.
func (a *ascent) continues() bool { return a.found() && !a.small && a.flat() < a.enough() }

// allowed reports whether the level rose and may still rise, within what clean allows.
func (a *ascent) allowed() bool { return a.found() && a.small && a.flat() < a.enough() }

// found reports whether the level rose.
func (a *ascent) found() bool { return len(a.rises) > 0 }

// ascent finds the rises of the level of one lifetime. They count where they are
// together more than chance would give under the noise around them, at the bound
// alpha, and larger than the room; with all, the smaller count, too.
func (f *fit) ascent(pts []point, quantum, room, alpha float64, all bool) (a ascent) {
	v := &f.view
	if v.scale == 0 || !all && (slices.Max(v.y)-slices.Min(v.y))*v.scale <= room {
		return a
	}
	regular := f.regularColumns()
	plain := residualAfter(v.t, v.y, regular)
	level, y, ahead := f.levelOf(plain, v.floorVariance(quantum))
	n := len(level)
	little := settled * (level[n-1] - slices.Min(level))
	held := f.withoutReturns(pts, level, min(little, room/v.scale))
	net := held[n-1] - held[0]
	small := net*v.scale <= room
	if net <= 0 || small && !all {
		return a
	}
	columns := append([][]float64{ones(n)}, regular...)
	tr := estimate(v.t, append(columns, held, y), noises(1/float64(n), 1), v.floorVariance(quantum))
	if !tr.known() || tr.cdf(0) >= alpha {
		return a
	}
	a.from, a.to, a.small = v.origin, v.origin+v.span, small
	a.level = v.center + held[0]*v.scale
	a.rises = f.rises(pts, held, min(settled*net, room/v.scale))
	if !a.found() {
		return a
	}
	if tau := f.chosen().tau; ahead > settled*net { // where the curve begins, its level is ahead of it
		last := &a.rises[len(a.rises)-1]
		until := v.t[f.chosen().start()] + tau*math.Log(ahead/(settled*net))
		last.to, last.sudden = max(last.to, min(a.to, v.origin+v.span*until)), false
	}
	f.measure(&a, pts)
	a.each = f.rises(pts, held, 0)
	typical := squares(sizes(a.each)) / total(sizes(a.each))
	a.each = slices.DeleteFunc(a.each, func(r rise) bool { return r.size < typical/2 })
	a.fell = !slices.Equal(y, plain) || // a warm-up was taken out, and its steps with it
		f.fellBetween(level, held, typical/2)
	return a
}

// measure takes the level before the rises, and the sizes of the sudden ones, from the
// points: a ramp that was fitted across a step begins below both.
func (f *fit) measure(a *ascent, pts []point) {
	before := pointsBetween(pts, a.from, a.rises[0].from)
	if len(before) > 0 {
		a.level = middleOf(before)
	}
	for i := range a.rises {
		r, until := &a.rises[i], a.to
		if i+1 < len(a.rises) {
			until = a.rises[i+1].from
		}
		since := pointsBetween(pts, r.to, until)
		if r.sudden && len(before) > 0 && len(since) > 0 {
			if size := middleOf(since) - middleOf(before); size > 0 {
				r.size = size
			}
		}
		before = since
	}
}

// middleOf is the mean of points without outliers.
func middleOf(pts []point) float64 {
	mids := make([]float64, len(pts))
	for i, p := range pts {
		mids[i] = p.mid
	}
	return trimmedMean(mids)
}

// sizes are those of the rises.
func sizes(rises []rise) (all []float64) {
	for _, r := range rises {
		all = append(all, r.size)
	}
	return all
}

// fellBetween reports whether the level fell by a given amount or more below what it
// had reached, or rose where that did not count.
func (f *fit) fellBetween(level, held []float64, fall float64) bool {
	for i := range level {
		if level[i]-level[0]-(held[i]-held[0]) >= fall/f.view.scale {
			return true
		}
	}
	return false
}

// rises are those of the permanent level, without what remains after the last
// that is more than a little.
func (f *fit) rises(pts []point, held []float64, little float64) (all []rise) {
	v := &f.view
	for _, c := range climbs(held, little) {
		r := rise{from: v.origin + v.span*v.t[c.first-1], to: v.origin + v.span*v.t[c.last], size: v.scale * c.height(held), sudden: c.last-c.first < leastRun, points: c.length()}
		if r.sudden {
			r.points = 1
			r.from = stepBetween(pts, 2*r.from-r.to, 2*r.to-r.from)
			r.to = r.from
		}
		all = append(all, r)
	}
	return all
}

// stepBetween returns the hour between two others at which two levels fit the
// points best: a view is coarser than they are.
func stepBetween(pts []point, from, to float64) (at float64) {
	near := pointsBetween(pts, from, to)
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

// pointsBetween returns the points from one hour to another.
func pointsBetween(pts []point, from, to float64) []point {
	order := func(p point, t float64) int { return cmp.Compare(p.t, t) }
	i, _ := slices.BinarySearchFunc(pts, from, order)
	j, exact := slices.BinarySearchFunc(pts, to, order)
	if exact {
		j++
	}
	return pts[i:j]
}

// floorOf is the level below which few of the lowest samples are.
func floorOf(pts []point) float64 {
	lows := make([]float64, len(pts))
	for i, p := range pts {
		lows[i] = p.min
	}
	slices.Sort(lows)
	return lows[int(settled*float64(len(lows)))]
}

// permanent is the level that is never fallen below again: its future minimum.
func permanent(level []float64) []float64 {
	held := slices.Clone(level)
	for i := len(held) - 2; i >= 0; i-- {
		held[i] = min(held[i], held[i+1])
	}
	return held
}

// A climb is one climb of the permanent level of a view: its first and its last
// higher point.
type climb struct{ first, last int }

// climbs are those of the permanent level that are more than a little, in the units
// of the view, without the little at their ends. A pause that is shorter than the
// ramps around it is a part of one climb.
func climbs(held []float64, little float64) (all []climb) {
	for i := 1; i < len(held); i++ {
		c := climb{i, i}
		for i < len(held) && held[i] > held[i-1] {
			c.last = i
			i++
		}
		if c.height(held) <= little {
			continue
		}
		bottom, top := held[c.first-1], held[c.last]
		for c.first < c.last && held[c.first]-bottom <= little/2 {
			c.first++
		}
		for c.first < c.last && top-held[c.last-1] <= little/2 {
			c.last--
		}
		if k := len(all) - 1; k >= 0 && c.first-all[k].last < min(c.length(), all[k].length()) {
			all[k].last = c.last
		} else {
			all = append(all, c)
		}
	}
	return all
}

func (c climb) length() int { return c.last - c.first + 1 }

func (c climb) height(held []float64) float64 { return held[c.last] - held[c.first-1] }

// withoutReturns lowers the permanent level by climbs that may come back like
// others before, and by those in which only the middle of the samples rose.
func (f *fit) withoutReturns(pts []point, level []float64, little float64) []float64 {
	held := permanent(level)
	for _, c := range slices.Backward(climbs(held, little)) {
		height := c.height(held)
		if !c.wasThere(level, held[c.last]-height/2) && !f.withinPeriod(c, height/2) && f.floorRose(pts, c, height/2) {
			continue
		}
		for i := len(held) - 1; i >= c.first; i-- {
			held[i] -= held[min(i, c.last)] - held[c.first-1]
		}
	}
	return held
}

// wasThere reports whether a level is not new: before the climb it was held for as
// long as it has been held since, or for as large a part of the time as growth must
// last.
func (c climb) wasThere(level []float64, height float64) bool {
	reached := 0
	for _, l := range level[:c.first] {
		if l >= height {
			reached++
		}
	}
	return reached > 0 && reached >= min(len(level)-c.last, int(lastShare*float64(c.first)))
}

// withinPeriod reports whether a climb is so recent that it may belong to a period
// of the load: the view had the values since before it, too.
func (f *fit) withinPeriod(c climb, margin float64) bool {
	y := f.view.y
	since := slices.Clone(y[c.last:])
	slices.Sort(since)
	return slices.ContainsFunc(f.periods, func(p period) bool { return (1-f.view.t[c.last])*p.frequency < 1 }) &&
		c.wasThere(y, since[len(since)/2]-margin)
}

// widest is the part of the span in which the widest lower envelope takes a
// minimum.
const widest = 1. / 12

// floorRose reports whether the lower envelope rose in a climb, too: growth lifts
// it, larger teeth of a collector do not. The lowest samples of equally long
// stretches before and after are compared, without outliers; a long ramp has a part
// in both.
func (f *fit) floorRose(pts []point, c climb, height float64) bool {
	v := &f.view
	from, to := v.t[c.first-1], v.t[c.last]
	if to-from > 4*widest {
		from, to = from+widest, to-widest
	}
	before, since := pointsBetween(pts, math.Inf(-1), v.origin+v.span*from), pointsBetween(pts, v.origin+v.span*to, math.Inf(1))
	n := min(len(before), len(since))
	if n == 0 {
		return true
	}
	return floorOf(since[len(since)-n:])-floorOf(before[len(before)-n:]) >= height*v.scale
}

// levelOf returns the level of a series at each point: pieces that are flat or
// ramps, or those after a warm-up that approaches a level, where that fits better;
// the series without that warm-up, and how far the level was ahead of the series where
// the warm-up began, if something came before it.
func (f *fit) levelOf(y []float64, floor float64) (level, judged []float64, ahead float64) {
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
		warmed := slices.Clone(y)
		copy(warmed[s:], subtractFit(append(columns, approach(t[s:], c.tau)), y[s:], len(columns)))
		p := newLevelSearch(t, warmed)
		warm, _, costs := p.fit(variance)
		if costs+3*math.Log(float64(len(t))) < cost {
			if s > 0 {
				ahead = warmed[s] - y[s]
			}
			return warm, warmed, ahead
		}
	}
	return level, y, 0
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

// ascent is that of the lifetime in which the level may still rise, or rose last.
// It is sought in the finest view, in which no recent step is taken for an outlier,
// and where its noise hides it, as teeth do, in the most sensitive one.
func (c *inquiry) ascent(k criteria, lifetimes []lifetime, alpha float64) (a ascent) {
	for i := range lifetimes {
		l, room := &lifetimes[i], k.cleanRoom
		if k.tolerance > 0 {
			room = k.tolerance * l.view.span
		}
		b := l.middle.ascent(l.pts, c.quantum, room, alpha, c.q.Final)
		if !b.found() {
			b = l.fit.ascent(l.pts, c.quantum, room, alpha, c.q.Final)
		}
		if b.found() && (b.continues() || !a.continues() && !(a.allowed() && !b.allowed())) {
			a = b
		}
	}
	return a
}

// steps are the rises as a verdict states them.
func steps(rises []rise) (all []soak.Step) {
	for _, r := range rises {
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

// within states the rises of a level that may still rise, within what clean allows.
func (a *ascent) within(unit string) string {
	rose, n := "rose in "+human.Count(len(a.rises), "step"), a.rises[0]
	if !n.sudden && len(a.rises) == 1 {
		rose = "rose"
	}
	return fmt.Sprintf("%s by %s, most recently until %s, within what clean allows", rose, human.Amount(a.net(), unit), human.Roughly(duration(a.last())))
}

// unended states the rises of a level that may still rise, and what would show
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
