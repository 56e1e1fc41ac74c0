package detect

import (
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// A decision is the state that the evidence leads to.
type decision struct {
	state     soak.State
	line      soak.Evidence // the line of evidence that the state rests on
	figures   soak.Evidence // the line whose slope and limits are stated; "" where there are none
	ambiguity ambiguity     // why growth is not excluded though the test would
	early     bool          // clean so far, but the run must not end with that
}

// decide joins the lines of evidence. It depends on nothing else.
func (e *evidence) decide() decision {
	load, rest := &e.load, &e.rest
	d := decision{state: soak.Inconclusive, line: soak.EvidenceLoad, ambiguity: load.ambiguity}
	state := func(s soak.State, line soak.Evidence) { d.state, d.line = s, line }
	measured := len(load.lifetimes) > 0

	// Where nothing is decided, the figures are those of the more sensitive line.
	if measured {
		d.figures = soak.EvidenceLoad
	}
	if rest.test.known() && (!measured || !(rest.test.detectable >= load.detectable)) {
		d.figures, d.line = soak.EvidenceRest, soak.EvidenceRest
	}

	// Growth at rest must have lasted, and the samples under load must not
	// exclude half of it.
	contradicted := load.known() && load.trend.quantile(1-suspicion) < rest.test.trend.slope/2
	restGrows := rest.test.significant && rest.sustained && !contradicted
	loadClear := load.clear()
	if loadClear && rest.test.known() && rest.sustained && rest.test.p < suspicion {
		loadClear, d.ambiguity = false, restMayRise
	}
	restClear := rest.test.excluded || rest.unchanged
	// Both lines together may show growth that neither shows alone.
	together := rest.test.known() && load.known() && load.alternative == "" && !load.young && rest.sustained &&
		fisher(load.p, rest.test.p) < e.alpha

	switch {
	case load.grows() && restGrows || together && !load.grows() && !restGrows:
		state(soak.Leaking, soak.EvidenceBoth)
	case load.grows():
		state(soak.Leaking, soak.EvidenceLoad)
		d.figures = soak.EvidenceLoad
	case restGrows:
		state(soak.Leaking, soak.EvidenceRest)
		d.figures = soak.EvidenceRest
	case loadClear && restClear:
		state(soak.Clean, soak.EvidenceBoth)
	case loadClear:
		d.state = soak.Clean
	case restClear:
		state(soak.Clean, soak.EvidenceRest)
		d.figures = soak.EvidenceRest
	}
	return d
}

// stated is the test whose figures a decision states, and the error probability
// that it may spend.
func (e *evidence) stated(d decision) (t slopeTest, alpha float64, ok bool) {
	switch d.figures {
	case soak.EvidenceLoad:
		return e.load.slopeTest, e.alpha, true
	case soak.EvidenceRest:
		return e.rest.test, e.rest.alpha, e.rest.test.known()
	}
	return t, 0, false
}

// verdict decides, and fills in the figures and the reason.
func (c *inquiry) verdict(e evidence) soak.Verdict {
	measured := len(e.load.lifetimes) > 0
	if !measured && !e.rest.known() {
		return c.unknown(c.tooShort())
	}
	d := c.stopped(e.decide(), &e)
	if d.state == soak.Inconclusive && c.q.Fired != 0 && !d.early && e.holds(c.q.Fired) {
		d.state = soak.Leaking
	}
	v := c.unknown("")
	v.State, v.Evidence, v.Level = d.state, d.line, e.level
	stated, spent, ok := e.stated(d)
	if d.state == soak.Leaking { // which does not end by itself
		stated.stillRising(e.criteria, -stated.rising)
	}
	if ok {
		v.Growth = stated.growth()
		v.P = min(1, stated.p*falseAlarms/spent)
	}
	// Counts that are equal at two rests exclude growth by one step each, above what
	// is tolerated.
	step := soak.Float(c.quantum / e.rest.hours)
	if limit := soak.Float(e.tolerance) + 2*step; e.rest.unchanged && v.State == soak.Clean && !(v.MinDetectable < limit) {
		v.MinDetectable = limit
		v.Slope, v.Lo, v.Hi = soak.Float(e.rest.change), soak.Float(e.rest.change)-step, soak.Float(e.rest.change)+step
	}
	v.MinDetectable = soak.Float(c.limit(&e, v, stated))
	switch a := &e.load.ascent; {
	case v.Evidence == soak.EvidenceRest:
	case v.State == soak.Clean && a.allowed():
		rate := soak.Float(a.net() / c.hours) // it may continue, and was not called a leak
		v.Hi, v.MinDetectable = max(v.Hi, rate), max(v.MinDetectable, rate)
	case v.State == soak.Inconclusive && d.figures == soak.EvidenceLoad && a.continues():
		// The line was fitted without the steps. They may have ended, or happen again at
		// the highest rate that their number does not exclude.
		rate := a.net() / c.hours
		v.Slope = soak.Float(rate)
		v.Lo, v.Hi = min(v.Lo, 0), max(v.Hi, soak.Float(rate*a.mostOften()))
		v.MinDetectable = max(v.MinDetectable, v.Hi)
	}
	from := c.pts[0].t
	if measured && v.State == soak.Leaking {
		from = c.began(e.load.growthFrom(), float64(v.Slope))
	}
	v.Since = duration(from)
	switch h := e.load.habit; {
	case v.State != soak.Leaking:
		v.Steps = steps(e.load.ascent.rises)
	case h != nil && d.figures == soak.EvidenceLoad:
		v.Steps = steps(h.steps)
	}
	c.follows(&v, &e)
	v.Exhaustion = c.exhaustion(v)
	if v.State == soak.Inconclusive {
		v.Needed = c.needed(&e, d, stated)
	}
	v.Reason = c.reason(v, &e, d, stated)
	return v
}

// tooShort says why no part of the recording can be judged: the restarts, or a gap in
// which most of its time lies.
func (c *inquiry) tooShort() string {
	if c.pts[0].segment != c.pts[len(c.pts)-1].segment {
		return "no period between two restarts is long enough to judge"
	}
	longest, from := 0.0, 0.0
	for i := 1; i < len(c.pts); i++ {
		if gap := c.pts[i].t - c.pts[i-1].t; gap > longest {
			longest, from = gap, c.pts[i-1].t
		}
	}
	return fmt.Sprintf("no samples for %s from %s on: judge what was recorded before and after that separately", human.Roughly(duration(longest)), human.Roughly(duration(from)))
}

// began is the hour from which growth is stated, given that of the fitted beginning.
// Where the level rose before at half of that rate or more, growth only changed its
// pace, and began with the samples.
func (c *inquiry) began(from, slope float64) float64 {
	before := pointsBetween(c.pts, math.Inf(-1), from)
	n := len(before)
	if n < 2*leastRun {
		return from
	}
	first, last := before[:leastRun], before[n-leastRun:]
	if span := last[0].t - first[0].t; meanOf(last)-meanOf(first) < slope*span/2 {
		return from
	}
	return before[0].t
}

// unknown is the verdict where nothing can be judged.
func (c *inquiry) unknown(why string) soak.Verdict {
	return soak.Verdict{State: soak.Inconclusive, Growth: soak.UnknownGrowth(),
		Level: c.level, P: 1, Evidence: soak.EvidenceLoad, Reason: why}
}

// follows fills in the growth per operation, and what the growth follows where
// that is identified.
func (c *inquiry) follows(v *soak.Verdict, e *evidence) {
	rate := c.operations.rate(v.Since.Hours(), c.end())
	if rate > 0 {
		v.PerOperation = v.Slope / soak.Float(rate)
	}
	switch {
	case v.State != soak.Leaking:
	case e.rest.returned:
		v.Follows = soak.FollowsSessions
	case len(e.load.lifetimes) == 1:
		var each float64
		if v.Follows, each = c.identify(v.Since); v.Follows == soak.FollowsOperations {
			v.PerOperation = soak.Float(each)
		}
	}
}

// exhaustion is when the limit is reached if the growth continues.
func (c *inquiry) exhaustion(v soak.Verdict) (x soak.Exhaustion) {
	limit := c.q.Limit
	if v.State != soak.Leaking || math.IsNaN(limit) || math.IsInf(limit, 0) || !(v.Slope > 0) {
		return x
	}
	last := c.pts[len(c.pts)-1]
	left := max(0, limit-last.max)
	x = soak.Exhaustion{Limit: limit, At: duration(last.t + left/float64(v.Slope)), Lo: duration(last.t + left/float64(v.Hi))}
	if v.Lo > 0 {
		x.Hi = duration(last.t + left/float64(v.Lo))
	}
	return x
}

// duration converts hours, limited to what a Duration can hold.
func duration(hours float64) time.Duration {
	const most = float64(math.MaxInt64) / float64(time.Hour) * 0.999
	return time.Duration(max(-most, min(most, hours)) * float64(time.Hour))
}
