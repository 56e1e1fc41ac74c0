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
	rises   bool // growth is not excluded at this lifetime's share of the error probability,
	suspect bool // and is not explained by what another lifetime shows
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
		l.rises = l.p < suspicion/float64(n) && !life.still()
		own.seekGrowth(l.criteria, &l.loadEvidence, alpha)
	}
	elsewhere := make([]bool, n)
	for i := range all {
		elsewhere[i] = all[i].rises && roseElsewhere(all, i)
	}
	for i := range all {
		if all[i].suspect = all[i].rises && !elsewhere[i]; elsewhere[i] {
			all[i].alternative = roseAsFar
		}
	}
	return all
}

// roseElsewhere reports whether another lifetime rose at least half as far as this
// one, was not far below it then, and does not grow at its end: the rise of this
// one may be the same warm-up, or a part of the same wave. Where others rise at
// that rate to their end, most of them must have another explanation.
func roseElsewhere(all []loneLifetime, i int) bool {
	one := all[i].life()
	grown := one.trend.slope * (all[i].inquiry.end() - one.onset)
	_, to := one.ends()
	growing, bounded := 0, 0
	for k := range all {
		rise, top := all[k].life().largestRise()
		switch {
		case k == i || rise < grown/2 || top < to-grown/2:
		case all[k].trend.quantile(1-suspicion) < one.trend.slope/2:
			return true
		case all[k].grows():
			growing++
		default:
			bounded++
		}
	}
	return bounded > growing
}

// unexplained returns the lifetimes whose rise no other has shown to end: those of
// a warm-up, or of noise, in a lifetime that is too short to show it itself.
func unexplained(all []lifetime) (rest []lifetime) {
	for i := range all {
		ends := func(o lifetime) bool { return o.pts[0].t != all[i].pts[0].t && o.showsEnd(&all[i].fit) }
		if !slices.ContainsFunc(all, ends) {
			rest = append(rest, all[i])
		}
	}
	return rest
}

// showsEnd reports whether the view rose as another did and was flat then for at
// least as long as either rise took.
func (f *fit) showsEnd(o *fit) bool {
	const near = 0.1 // share of the rise
	rise, top := o.largestRise()
	levels := f.levels()
	part := f.view.span / float64(len(levels))
	least := math.Inf(1)
	for k, y := range levels {
		if least = min(least, y); y-least >= (1-near)*rise && y >= top-near*rise {
			flat := part * float64(len(levels)-1-k)
			return flat >= max(part*float64(k), o.view.span) && slices.Max(levels[k:]) <= max(top, y)+near*rise
		}
	}
	return false
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
	all := c.apart(e)
	if v.State == soak.Leaking {
		if v.Evidence == soak.EvidenceLoad && contradicted(all) {
			v.State = soak.Inconclusive
			v.Reason = fmt.Sprintf("rose %s/h, but %s; a longer run is needed", human.Amount(float64(v.Slope), c.q.Series.Metric.Unit), roseAsFar)
		}
		return v
	}
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

// contradicted reports whether most of the lifetimes that rise rose no further than
// another did that does not grow at half their rate at its end.
func contradicted(all []loneLifetime) bool {
	rises, bounded := 0, 0
	for i := range all {
		if !all[i].rises {
			continue
		}
		rises++
		slope := all[i].trend.slope
		if !all[i].suspect && slices.ContainsFunc(all, func(l loneLifetime) bool { return l.trend.quantile(1-suspicion) < slope/2 }) {
			bounded++
		}
	}
	return 2*bounded > rises
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
	v.Reason = fmt.Sprintf("rose %s %suntil it ended at %s (%s)", rate(v.Slope), from, human.Roughly(v.Until), human.Confidence(rate(v.Lo), rate(v.Hi)))
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
