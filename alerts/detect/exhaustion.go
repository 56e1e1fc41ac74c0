package detect

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"soakmon/soak"
	"soakmon/soak/human"
)

const (
	lastFifth = 0.8 // share of the series after which growth that ends flat may have filled something up to a limit that is not known
	mostOf    = 0.5 // share of the series that such growth must have lasted
)

// withCeiling completes the verdict on growth that ended in a flat stretch at its
// maximum. At a known limit the growth is a leak that has reached it: it ended
// because nothing was left. Where no limit is known, growth over most of the series
// that ends in its last fifth is not clean: a limit, or the end of a change, look
// the same.
func (c *inquiry) withCeiling(v soak.Verdict, e *evidence) soak.Verdict {
	if v.State == soak.Leaking {
		v = c.atLimit(v)
	}
	n := len(e.load.lifetimes)
	if n == 0 || v.Exhaustion.Reached > 0 || v.Until > 0 {
		return v
	}
	l := &e.load.lifetimes[n-1]
	end, level, ok := l.middle.ceiling() // lower envelopes are too coarse for the hour, but free of teeth
	if !ok {
		end, level, ok = l.ceiling()
	}
	if !ok || l.pts[len(l.pts)-1].t < c.end() {
		return v
	}
	known := level >= (1-cleanShare)*c.q.Limit
	least := lastShare
	if !known {
		least = mostOf
	}
	if !known && (end < c.pts[0].t+lastFifth*c.hours || n > 1) || end-l.pts[0].t < least*c.hours {
		return v
	}
	before, g := c.growthUntil(l.pts, end)
	if !g.load.grows() || end-g.load.growthFrom() < least*c.hours {
		return v
	}
	return c.filled(v, before.verdict(g), end, level, known)
}

// growthUntil gathers the evidence on the points until an hour. They were chosen
// because of what they show, so they spend half of the error probability.
func (c *inquiry) growthUntil(pts []point, end float64) (*inquiry, evidence) {
	last := slices.IndexFunc(pts, func(p point) bool { return p.t > end })
	own := c.about(pts[:last])
	own.alpha /= 2
	own.q.Rest, own.q.Final, own.q.Limit = nil, false, math.NaN()
	if own.lacking() != "" {
		return own, evidence{}
	}
	own.hours = own.end() - own.pts[0].t
	return own, own.gather(nil)
}

// ceiling returns the hour at which a rise ended in a flat stretch, and the level of
// that, where a line that ends flat fits the view better than a line, at odds of 20
// to 1 (margin), and the stretch and its later half rise at less than half of the pace
// before. The search is by least squares: it only proposes the hour.
func (f *fit) ceiling() (from, level float64, ok bool) {
	v := &f.view
	n := len(v.t)
	if f.still() || n < 3*leastRun {
		return 0, 0, false
	}
	flat := newBasis(v.y, ones(n))
	line := squares(flat.with(v.t).residual)
	best, least := 0, math.Inf(1)
	bent := make([]float64, n)
	for at := leastRun; at <= n-leastRun; at++ {
		for i := range bent {
			bent[i] = min(v.t[i], v.t[at])
		}
		if rss := flat.residualWith(bent, bent); rss < least {
			best, least = at, rss
		}
	}
	size := float64(n)
	if size*math.Log((line/size+1e-16)/(least/size+1e-16)) < margin+math.Log(size) {
		return 0, 0, false
	}
	before, since := steepness(v.t[:best+1], v.y[:best+1]), steepness(v.t[best:], v.y[best:])
	half := best + (n-best)/2 // a step down and growth at the old pace are flat as a whole, but not at their end
	late := steepness(v.t[half:], v.y[half:])
	if !(before > 0) || max(since, late) > before/2 { // it only slowed down
		return 0, 0, false
	}
	return v.origin + v.span*v.t[best], v.center + v.scale*trimmedMean(slices.Clone(v.y[best:])), true
}

// steepness is the slope of a line by least squares.
func steepness(t, y []float64) float64 {
	_, slope := stat.LinearRegression(t, y, nil, false)
	return slope
}

// filled is the verdict on growth that ended at a ceiling.
func (c *inquiry) filled(v, grown soak.Verdict, end, level float64, known bool) soak.Verdict {
	unit := c.q.Series.Metric.Unit
	amount := func(x float64) string { return human.Amount(x, unit) }
	at := duration(end)
	rose := fmt.Sprintf("rose %s/h until %s and has been ", amount(float64(grown.Slope)), human.Roughly(at))
	warnings := v.Warnings
	v.Growth = grown.Growth
	v.MinDetectable = soak.Float(math.NaN())
	if !known {
		if v.State == soak.Clean {
			v.State = soak.Inconclusive
		}
		v.Reason = rose + fmt.Sprintf("flat at %s since: filled to a limit, or ended", amount(level))
		return v
	}
	v = grown
	v.MinDetectable = soak.Float(math.NaN())
	v.Warnings = warnings
	v.State, v.Evidence = soak.Leaking, soak.EvidenceLoad
	v.Exhaustion = soak.Exhaustion{Limit: c.q.Limit, At: at, Lo: at, Hi: at, Reached: at}
	v.Reason = rose + fmt.Sprintf("at its limit of %s since: filled to its limit", amount(c.q.Limit))
	return v
}

// atLimit says when a leak reached its limit, where it has.
func (c *inquiry) atLimit(v soak.Verdict) soak.Verdict {
	full := func(p point) bool { return p.max >= c.q.Limit }
	if v.Exhaustion.At == 0 || !full(c.pts[len(c.pts)-1]) {
		return v
	}
	at := duration(c.pts[slices.IndexFunc(c.pts, full)].t)
	v.Exhaustion.At, v.Exhaustion.Lo, v.Exhaustion.Hi, v.Exhaustion.Reached = at, at, at, at
	v.Reason += fmt.Sprintf("; it reached its limit of %s at %s", human.Amount(c.q.Limit, c.q.Series.Metric.Unit), human.Roughly(at))
	return v
}

// withFall names a fall without end in a clean series: what counts what is free
// falls where what is used grows. The fall is judged as growth of the readings
// with their sign changed.
func (c *inquiry) withFall(v soak.Verdict, e *evidence) soak.Verdict {
	if !c.q.Final || v.State != soak.Clean || !e.load.falls {
		return v
	}
	own := c.about(slices.Clone(c.pts))
	own.q.Rest, own.q.Final, own.q.Limit = nil, false, math.NaN()
	own.level = -c.level
	for i := range own.pts {
		p := &own.pts[i]
		p.mid, p.min, p.max = -p.mid, -p.max, -p.min
	}
	if g := own.gather(nil); g.load.grows() {
		v.Warnings = append(v.Warnings, fmt.Sprintf("falls steadily by %s/h; if it counts what is free, judge what is used instead", human.Amount(g.load.trend.slope, c.q.Series.Metric.Unit)))
	}
	return v
}
