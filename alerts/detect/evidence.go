package detect

import (
	"math"
	"slices"
)

// evidence is everything that a verdict and its reason rest on.
type evidence struct {
	criteria
	alpha float64 // error probability of this look at this series
	load  loadEvidence
	rest  restEvidence
}

// loadEvidence is what the samples under load show.
type loadEvidence struct {
	lifetimes []lifetime // those of the process that show anything, oldest first
	slopeTest            // of all of them together
	tooth     bool       // one tooth of a collector may be all that was measured

	// Only where the slope is significant:
	wanders  bool // a random walk explains the rise as well
	young    bool // growth has lasted too short a part of the planned time
	early    bool // growth is small and in the first minutes: warm-up explains it
	unranked bool // a rank test finds no growth; not tested where growth is young or early

	alternative alternative // what explains the rise without growth that lasts; sought only where all else shows growth

	leveling  leveling  // the approach to a level in the last lifetime, which the trend leaves out
	unsettled bool      // it alone prevents that growth is excluded
	ambiguity ambiguity // why growth is not excluded although the test of the slope excludes it
	habit     *habit    // growth in steps, where the samples show it; nil elsewhere
	ascent    ascent    // by how much the level rose permanently, in the lifetime in which that matters most; sought only where growth is not shown
}

// grows reports whether growth is significant, has lasted, and nothing else
// explains it.
func (e *loadEvidence) grows() bool {
	return e.significant && !e.young && !e.early && !e.unranked && e.alternative == ""
}

// clear reports whether growth is excluded.
func (e *loadEvidence) clear() bool { return e.excluded && e.ambiguity == "" }

// A lifetime is what the process shows from its start to a restart.
type lifetime struct {
	fit        // of the most sensitive view
	middle fit // of the finest one
	pts    []point
}

// An alternative is an explanation of a rise other than growth that lasts.
type alternative string

// An ambiguity is why growth cannot be excluded though the test of the slope
// alone would exclude it.
type ambiguity string

const (
	mayGoOn        ambiguity = "the level rose and was not flat for long enough since" // the reason names the rises
	likelyAsNot    ambiguity = "growth and no growth fit the data about equally well"
	partlyReturned ambiguity = "it rose and fell, but did not return to its beginning, and the difference may be growth"
	underSlowWave  ambiguity = "it may follow a slow wave, such as a daily one, under which growth cannot be excluded"
	restMayRise    ambiguity = "the readings at rest may be rising"
)

// gather finds the evidence. The analyses are those of the only lifetime, where
// they are known already.
func (c *inquiry) gather(analyses []*analysis) evidence {
	e := evidence{alpha: c.alpha}
	lifetimes, pooled := c.lifetimes(analyses)
	level := c.level
	if n := len(lifetimes); n > 0 {
		level = meanFrom(c.pts, lifetimes[n-1].onset)
	}
	e.criteria = c.criteria(level)
	readings, rested := atRest(c.q.Rest, c.loaded, c.quantum, c.counts)
	if len(lifetimes) > 0 {
		alpha := c.alpha
		if rested {
			alpha /= 2 // two chances for a false alarm
		}
		e.load = c.underLoad(e.criteria, lifetimes, pooled, alpha/viewsTried)
	}
	if rested {
		e.rest = c.atRest(e.criteria, readings)
	}
	return e
}

// lifetimes examines each lifetime of the process by itself, and pools their
// slopes.
func (c *inquiry) lifetimes(analyses []*analysis) (all []lifetime, pooled trend) {
	for _, pts := range splitAtBreaks(c.pts) {
		views := analyses
		if views == nil {
			views = analyze(pts, c.quantum)
		}
		f, ok := examine(views, c.alpha)
		if !ok {
			continue
		}
		if len(all) == 0 {
			pooled = f.trend
		} else {
			pooled = pooled.pooledWith(f.trend)
		}
		all = append(all, lifetime{f, views[0].found, pts})
	}
	if !pooled.known() {
		return nil, pooled
	}
	return all, pooled
}

// underLoad tests the slope under load, and looks for other explanations.
func (c *inquiry) underLoad(k criteria, lifetimes []lifetime, pooled trend, alpha float64) loadEvidence {
	e := loadEvidence{lifetimes: lifetimes}
	e.slopeTest = k.test(pooled, alpha, c.detectable(k, lifetimes, pooled, alpha))
	if lo, hi, ok := c.coarse(lifetimes); ok {
		e.widen(k, lo, hi)
		e.detectable = max(e.detectable, k.tolerance+(maxPieces+1)*c.quantum/k.hours) // fewer whole steps are as many events
	}
	if last := &lifetimes[len(lifetimes)-1]; e.excluded || !last.chosen().grows {
		e.leveling = last.leveling()
		flat := e.excluded
		e.stillRising(k, e.leveling.rate)
		e.unsettled = flat && !e.excluded
	}
	e.tooth = c.oneTooth(e.points())

	// Clean: that the test excludes growth is not enough where something may hide
	// growth from it.
	if e.excluded {
		e.ambiguity = c.ambiguity(k, &e, alpha)
	}
	c.seekGrowth(k, &e, alpha)
	if one := len(lifetimes) == 1; one || !e.grows() {
		ascent := c.ascent(k, unexplained(lifetimes), alpha)
		if one {
			e.takeHabit(c, k, &ascent, alpha)
		}
		if !e.grows() {
			e.ascent = ascent
		}
	}
	switch {
	case e.ascent.continues():
		if e.excluded && e.ambiguity == "" {
			e.ambiguity = mayGoOn
		}
	case e.ascent.found() && !e.grows() && !e.excluded && len(lifetimes) == 1:
		if since, ok := c.sinceRise(k, &e, alpha); ok {
			e.slopeTest, e.ambiguity = since, ""
		}
	}
	return e
}

// takeHabit makes growth in steps that has not ended the evidence of the samples under
// load. Where these show growth already, the rate of the steps is that growth, and its
// interval depends on the steps rather than on the noise around a line.
func (e *loadEvidence) takeHabit(c *inquiry, k criteria, a *ascent, alpha float64) {
	h, ok := a.habit(alpha)
	if !ok || e.grows() && !h.sudden() || k.tolerance > 0 && h.trend.cdf(k.tolerance) >= alpha {
		return
	}
	e.habit = &h
	e.slopeTest = k.test(h.trend, alpha, math.NaN())
	e.p, e.significant, e.excluded, e.falls = max(h.p, h.trend.cdf(k.tolerance)), true, false, false
	e.wanders, e.unranked, e.alternative, e.ambiguity = false, false, "", ""
	e.young, e.early = c.tooYoung(e), k.early(h.trend.slope)
}

// sinceRise tests the flat stretch after a rise that has shown that it ended, by
// itself: the noise of the rise, such as the collections of a heap that fills, is not
// that of the time since. It counts only where it excludes growth.
func (c *inquiry) sinceRise(k criteria, e *loadEvidence, alpha float64) (t slopeTest, ok bool) {
	later := c.about(pointsBetween(c.pts, math.Nextafter(e.ascent.last(), math.Inf(1)), math.Inf(1)))
	lifetimes, pooled := later.lifetimes(nil)
	if len(lifetimes) != 1 {
		return t, false
	}
	flat := later.underLoad(k, lifetimes, pooled, alpha)
	return flat.slopeTest, flat.clear()
}

// seekGrowth determines whether the rise is growth that lasts: significant growth
// must not resemble a random walk, must have lasted, must pass a rank test, and
// must have no other explanation. The most expensive question comes last.
func (c *inquiry) seekGrowth(k criteria, e *loadEvidence, alpha float64) {
	var models []comparison
	if e.p < suspicion {
		models = e.compareModels(c.quantum)
		walk := e.unitRoot(k, models)
		e.wanders = e.significant && walk >= alpha
		e.p = max(e.p, walk)
		e.significant = e.significant && e.p < alpha
	}
	e.young = e.significant && c.tooYoung(e)
	e.early = e.significant && k.early(e.trend.slope)
	if e.grows() {
		e.unranked = len(e.lifetimes) == 1 && !e.lifetimes[0].rankTest()
	}
	if e.grows() {
		e.alternative = c.alternative(e, models)
	}
}

// ambiguity finds what may hide growth in a series in which the test excludes
// it.
func (c *inquiry) ambiguity(k criteria, e *loadEvidence, alpha float64) ambiguity {
	lifetimes := unexplained(e.lifetimes)
	for _, l := range lifetimes {
		if l.runnerUp.known() && l.runnerUp.cdf(k.tolerance) < suspicion {
			return likelyAsNot
		}
	}
	stays := func(l lifetime) bool { return l.netRise() > max(k.cleanRoom, k.tolerance*k.hours) }
	if e.falls && slices.ContainsFunc(lifetimes, stays) {
		return partlyReturned
	}
	hidden := func(l lifetime) bool {
		tr := l.slopeUnderWave(c.quantum)
		return tr.known() && !k.test(tr, alpha, math.NaN()).excluded
	}
	if slices.ContainsFunc(lifetimes, hidden) {
		return underSlowWave
	}
	return ""
}

// tooYoung reports growth under load that has not yet lasted for the share of
// the planned time that it must have at its end: a warm-up, a tooth of a saw, a
// morning look the same while they last. Growth that would reach the limit before
// the end does not wait.
func (c *inquiry) tooYoung(e *loadEvidence) bool {
	left := c.planned()
	if left == 0 || c.exhausts(e.trend.slope, left) {
		return false
	}
	return c.end()-e.growthFrom() < lastShare*(c.hours+left)
}

// alternative returns what explains the growth otherwise in lifetimes that are more
// than half of the time.
func (c *inquiry) alternative(e *loadEvidence, models []comparison) alternative {
	left := c.left()
	if c.exhausts(e.trend.slope, left) {
		left = 0 // such growth does not wait
	}
	var last alternative
	explained, measured := 0.0, 0.0
	for i := range e.lifetimes {
		l := &e.lifetimes[i]
		if len(e.lifetimes) > 1 && l.trend.quantile(1-suspicion) < e.trend.slope/2 {
			return notEveryLifetime
		}
		if l.still() { // too short to contradict the others, or it would not be here
			continue
		}
		measured += l.view.span
		if a := l.alternative(models[i], l.pts, c.quantum, left, Correct(falseAlarms, 0, c.q.Family)); a != "" {
			last = a
			explained += l.view.span
		}
	}
	if 2*explained <= measured {
		return ""
	}
	return last
}

// compareModels prepares a comparison of models for each lifetime in which
// anything moves.
func (e *loadEvidence) compareModels(quantum float64) []comparison {
	all := make([]comparison, len(e.lifetimes))
	for i := range e.lifetimes {
		if l := &e.lifetimes[i]; !l.still() {
			all[i] = l.compare(quantum)
			all[i].growing = all[i].cost(l.growing)
		}
	}
	return all
}

// points counts those of all lifetimes.
func (e *loadEvidence) points() (n int) {
	for _, l := range e.lifetimes {
		n += len(l.pts)
	}
	return n
}

// growthFrom is the hour at which growth began in the lifetime where it began
// first.
func (e *loadEvidence) growthFrom() float64 {
	if e.habit != nil {
		return e.habit.from
	}
	from := e.lifetimes[0].onset
	for _, l := range e.lifetimes {
		from = min(from, l.onset)
	}
	return from
}

// sameRate reports whether all lifetimes grow at one rate, as a leak under
// constant load does after each restart: at odds of 20 to 1 against the teeth of
// a saw, whose rates scatter. It is the ratio of the likelihoods of two
// meta-analyses (DerSimonian & Laird 1986), with the little scatter that a leak
// may have and with that of teeth, the mean rate unknown in both.
func (e *loadEvidence) sameRate() bool {
	cost := func(scatter float64) float64 {
		logs, weights, mean, square := 0.0, 0.0, 0.0, 0.0
		for _, l := range e.lifetimes {
			err := (l.trend.quantile(0.975) - l.trend.quantile(0.025)) / 4
			v := err*err + scatter*scatter*e.trend.slope*e.trend.slope
			logs += math.Log(v)
			weights += 1 / v
			mean += l.trend.slope / v
			square += l.trend.slope * l.trend.slope / v
		}
		return logs + math.Log(weights) + square - mean*mean/weights
	}
	return cost(toothScatter)-cost(leakScatter) >= margin
}

// restEvidence is what the readings at rest show.
type restEvidence struct {
	restReadings
	test  slopeTest // of their trend; unknown where there is none
	alpha float64   // error probability that they may spend
}

func (c *inquiry) atRest(k criteria, r restReadings) restEvidence {
	e := restEvidence{restReadings: r, alpha: c.restAlpha(r.readings)}
	if r.trend.known() {
		half := e.alpha / 2
		e.test = k.test(r.trend, half, k.tolerance+r.trend.detectable(half))
	}
	return e
}
