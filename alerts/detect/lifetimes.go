package detect

import (
	"fmt"
	"math"
	"slices"

	"soakmon/soak"
	"soakmon/soak/human"
)

// A lone lifetime is what one lifetime of several shows by itself.
type loneLifetime struct {
	inquiry *inquiry // about its points only
	criteria
	loadEvidence
	suspect bool // growth is not excluded at this lifetime's share of the error probability
}

// life is the lifetime.
func (l *loneLifetime) life() *lifetime { return &l.lifetimes[0] }

// ended reports whether the lifetime ended before the recording did.
func (l *loneLifetime) ended(c *inquiry) bool { return l.inquiry.end() < c.end() }

// apart judges each lifetime by itself. They are a family: they share the error
// probability. Where another lifetime falls, the rise of one may be a part of a
// wave that the recording measured whole.
func (c *inquiry) apart(e *evidence) []loneLifetime {
	n := len(e.load.lifetimes)
	all := make([]loneLifetime, n)
	for i, life := range e.load.lifetimes {
		own := c.about(life.pts)
		own.hours = life.pts[len(life.pts)-1].t - life.pts[0].t
		own.alpha = c.alpha / float64(n)
		own.level = meanFrom(life.pts, life.onset)
		if slices.ContainsFunc(e.load.lifetimes, func(o lifetime) bool { return o.trend.quantile(1-suspicion) < -life.trend.slope/4 }) {
			own.others = c.hours - own.hours
		}
		if i < n-1 {
			own.q.Limit = math.NaN() // what ended before it was reached does not reach it
		}
		l := &all[i]
		*l = loneLifetime{inquiry: own, criteria: e.criteria, loadEvidence: loadEvidence{lifetimes: []lifetime{life}}}
		l.hours, l.level = own.hours, own.level
		alpha := own.alpha / viewsTried
		l.slopeTest = l.test(life.trend, alpha, math.NaN())
		l.tooth = own.oneTooth(l.points())
		l.suspect = l.p < suspicion/float64(n) && !life.still()
		own.seekGrowth(l.criteria, &l.loadEvidence, alpha)
	}
	for i := range all {
		if all[i].suspect && roseElsewhere(all, i) {
			all[i].suspect, all[i].alternative = false, roseAsFar
		}
	}
	return all
}

// roseElsewhere reports whether another lifetime rose at least half as far as this
// one, and is not far below it then, although it shows no growth that lasts: the
// rise of this one may be the same warm-up, or a part of the same wave.
func roseElsewhere(all []loneLifetime, i int) bool {
	one := all[i].life()
	grown := one.trend.slope * (all[i].inquiry.end() - one.onset)
	_, to := one.ends()
	return slices.ContainsFunc(all, func(l loneLifetime) bool {
		rise, top := l.life().largestRise()
		return (l.alternative != "" || l.trend.quantile(1-suspicion) < one.trend.slope/2) && rise >= grown/2 && top >= to-grown/2
	})
}

// ends returns the levels at the beginning and at the end of the view.
func (f *fit) ends() (from, to float64) {
	levels := f.levels()
	return levels[0], levels[len(levels)-1]
}

// largestRise returns by how much the view rises at most from any time to a later
// one, and how high it is then.
func (f *fit) largestRise() (rise, top float64) {
	least := math.Inf(1)
	for _, y := range f.levels() {
		if least = min(least, y); y-least >= rise {
			rise, top = y-least, y
		}
	}
	return rise, top
}

// levels returns the means of up to 24 equal parts of the view, without their
// outliers.
func (f *fit) levels() (all []float64) {
	v := &f.view
	few := max(3, len(v.y)/24)
	for i := 0; i+few <= len(v.y); i += few {
		all = append(all, v.center+v.scale*trimmedMean(slices.Clone(v.y[i:i+few])))
	}
	return all
}

// withLifetimes completes a verdict on several lifetimes together by what each
// shows by itself: growth in one is a leak, whatever the others show, and clean
// requires that none shows signs of growth. Growth of all of them at one rate
// is stated once.
func (c *inquiry) withLifetimes(v soak.Verdict, e *evidence) soak.Verdict {
	if len(e.load.lifetimes) < 2 {
		if v.State == soak.Leaking && c.gaps.tail > 0 {
			return c.endedWith(v, c.gaps.ended)
		}
		return v
	}
	if v.State == soak.Leaking {
		return v
	}
	all := c.apart(e)
	if leak := clearest(all); leak != nil {
		return c.leakOf(leak, v)
	}
	if v.State == soak.Clean && v.Evidence != soak.EvidenceRest {
		if i := slices.IndexFunc(all, func(l loneLifetime) bool { return l.suspect }); i >= 0 {
			return c.suspicious(&all[i], v)
		}
	}
	return v
}

// clearest returns the lifetime that shows growth most clearly, or nil where
// none shows any.
func clearest(all []loneLifetime) (best *loneLifetime) {
	for i := range all {
		if l := &all[i]; l.grows() && (best == nil || l.p < best.p || l.p == best.p && l.trend.slope > best.trend.slope) {
			best = l
		}
	}
	return best
}

// leakOf is the verdict where one lifetime shows growth by itself.
func (c *inquiry) leakOf(l *loneLifetime, v soak.Verdict) soak.Verdict {
	own := l.inquiry
	own.alpha = c.alpha
	w := own.verdict(evidence{criteria: l.criteria, alpha: l.inquiry.alpha, load: l.loadEvidence})
	w.Warnings = v.Warnings
	switch {
	case l.ended(c):
		return c.endedWith(w, own.end())
	case c.gaps.tail > 0:
		return c.endedWith(w, c.gaps.ended)
	}
	return w
}

// endedWith completes a leak that ended with its process.
func (c *inquiry) endedWith(v soak.Verdict, end float64) soak.Verdict {
	v.Until = duration(end)
	v.Exhaustion = soak.Exhaustion{}
	unit := c.q.Series.Metric.Unit
	rate := func(x soak.Float) string { return human.Amount(float64(x), unit) + "/h" }
	from := ""
	if v.Since > duration(c.pts[0].t) {
		from = "from " + human.Roughly(v.Since) + " on "
	}
	v.Reason = fmt.Sprintf("rose %s %suntil it ended at %s (95 %% CI %s to %s)", rate(v.Slope), from, human.Roughly(v.Until), rate(v.Lo), rate(v.Hi))
	return v
}

// suspicious is the verdict where one lifetime may have grown and all together
// are clean.
func (c *inquiry) suspicious(l *loneLifetime, v soak.Verdict) soak.Verdict {
	unit := c.q.Series.Metric.Unit
	g := l.growth()
	v.State = soak.Inconclusive
	v.Growth = g
	why := "a longer run is needed"
	if l.alternative != "" {
		why = string(l.alternative)
	}
	v.Reason = fmt.Sprintf("possible growth of %s/h in the lifetime from %s to %s, and none in all lifetimes together; %s",
		human.Amount(float64(g.Slope), unit), human.Roughly(duration(l.inquiry.pts[0].t)), human.Roughly(duration(l.inquiry.end())), why)
	return v
}
