package detect

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// lacking says what makes a judgement impossible, or nothing.
func (c *inquiry) lacking() string {
	switch n := len(c.pts); {
	case n == 0:
		return "no sample was taken" + c.ofLoad()
	case n < leastPoints || c.hours <= 0:
		return c.tooFew()
	}
	return ""
}

func (c *inquiry) unknown(why string) soak.Verdict {
	nan := math.NaN()
	return soak.Verdict{State: soak.Inconclusive, Slope: nan, Lo: nan, Hi: nan, PerOperation: nan, MinDetectable: nan,
		Level: c.level, P: 1, Evidence: soak.EvidenceLoad, Reason: why}
}

// An opinion is what one line of evidence says.
type opinion struct {
	trend      trend
	p          float64 // that growth is no more than tolerated
	detectable float64 // per hour: would have been called a leak
	standsOut  float64 // per hour: would have stood out of the noise at the bound, whatever the doubts
	most       float64 // per hour: growth is less, with the power wanted
	grows      bool    // growth above the tolerance is shown
	clear      bool    // it is excluded
	falls      bool    // because the readings fall: by more than chance, or in too much noise for anything else to exclude it
}

// underLoad is the opinion of the samples under load.
func (c *inquiry) underLoad(alpha float64) opinion {
	alpha /= viewsTried
	o := c.weigh(c.trend, alpha, c.detectable(alpha))
	for _, f := range c.lives {
		if o.clear && f.rival.known() && f.rival.below(c.tolerance) < suspicion {
			o.clear, c.unclear = false, "to say that it grows explains it nearly as well as to say that it does not"
		}
	}
	hidden := func(f finding) bool {
		tr := f.beneath(c.quantum)
		return tr.known() && !c.weigh(tr, alpha, math.NaN()).clear
	}
	stays := func(f finding) bool { return f.stayed() > max(c.room(), c.tolerance*c.hours) }
	if o.clear && o.falls && slices.ContainsFunc(c.lives, stays) {
		o.clear, c.unclear = false, "it rose and fell, but not to where it began, and what stayed may be growth"
	}
	if o.clear && slices.ContainsFunc(c.lives, hidden) {
		o.clear, c.unclear = false, "it may be on a slow wave, such as a day's, beside which growth is not excluded"
	}
	if o.p < suspicion {
		o.p = max(o.p, c.wander(o.trend.slope))
		o.grows = o.grows && o.p < alpha
	}
	c.young = o.grows && c.tooYoung(o.trend.slope)
	o.grows = o.grows && !c.young && !c.early(o.trend.slope) && (len(c.lives) > 1 || c.lives[0].rises())
	if o.grows {
		c.doubt = c.doubts()
		o.grows = c.doubt == ""
	}
	return o
}

// few tells that there are too few points to show growth, and that they are not
// all the same.
func (c *inquiry) few() bool {
	moves := func(f finding) bool { return f.view.scale > 0 }
	return c.points() < leastGrowth && slices.ContainsFunc(c.lives, moves)
}

// points counts those of all lives, or, before there are any, all there are.
func (c *inquiry) points() (n int) {
	if len(c.parts) == 0 {
		return len(c.pts)
	}
	for _, part := range c.parts {
		n += len(part)
	}
	return n
}

// doubts returns what speaks against growth in more than half of the lives.
func (c *inquiry) doubts() string {
	last, count, left := "", 0, c.left()
	if c.exhausts(c.trend.slope, left) {
		left = 0 // it does not wait
	}
	for i := range c.lives {
		if len(c.lives) > 1 && c.lives[i].trend.quantile(1-suspicion) < c.trend.slope/2 {
			return "not in every life of the process"
		}
		if d := c.lives[i].doubt(c.parts[i], c.quantum, left, Correct(falseAlarms, 0, c.q.Family)); d != "" {
			last = d
			count++
		}
	}
	if 2*count <= len(c.lives) {
		return ""
	}
	return last
}

// weigh weighs a trend against the tolerance, given the growth that would have
// been called a leak. Clean rests on less, on what would have stood out of the
// noise: for an alarm is doubted, and the absence of one is not.
func (c *inquiry) weigh(tr trend, alpha, detectable float64) opinion {
	o := opinion{trend: tr, p: tr.below(c.tolerance), detectable: detectable, standsOut: c.tolerance + tr.detectable(alpha), most: tr.quantile(power)}
	o.grows = o.p < alpha
	o.falls = tr.quantile(1-suspicion) <= 0
	if c.tolerance > 0 {
		o.clear = o.most <= c.tolerance
	} else {
		still := o.p > suspicion && o.standsOut*c.hours <= c.room()
		o.falls = o.falls || o.most <= 0 && !still
		o.clear = o.most <= 0 || still
	}
	return o
}

// early tells growth that warm-up explains as well: small, and seen only in
// the first minutes of a recording for which nothing is tolerated expressly.
func (c *inquiry) early(slope float64) bool {
	return c.tolerance == 0 && c.hours < warmupSpan.Hours() && slope*c.hours < c.room()
}

// tooYoung tells growth under load that has not yet lasted for the share of
// the planned time that it must have at its end: a warm-up, a tooth of a saw, a
// morning look the same while they last. What would reach the limit before the
// end does not wait.
func (c *inquiry) tooYoung(slope float64) bool {
	left := c.left()
	if left == 0 || len(c.lives) == 0 || c.exhausts(slope, left) {
		return false
	}
	return c.pts[len(c.pts)-1].t-c.growthFrom() < lastShare*(c.hours+left)
}

// exhausts tells whether such growth reaches the limit within so many hours.
func (c *inquiry) exhausts(slope, hours float64) bool {
	return c.q.Limit-c.pts[len(c.pts)-1].max < slope*hours
}

// left is how many hours of the planned time are to come.
func (c *inquiry) left() float64 {
	if c.q.Planned <= 0 {
		return 0
	}
	return max(0, (c.loaded+c.q.Planned).Hours()-c.pts[len(c.pts)-1].t)
}

// growthFrom is the hour at which growth began in the life where it began first.
func (c *inquiry) growthFrom() float64 {
	from := c.lives[0].from
	for _, f := range c.lives {
		from = min(from, f.from)
	}
	return from
}

// room is how much undetected growth over the series leaves it clean.
func (c *inquiry) room() float64 {
	room := clearShare * math.Abs(c.level)
	if c.counts {
		room = max(room, clearCount)
	}
	return room
}

// decide joins the lines of evidence.
func (c *inquiry) decide() soak.Verdict {
	if len(c.lives) == 0 && !c.rested {
		return c.unknown("no stretch between two restarts is long enough to judge")
	}
	c.tolerance = c.allowed()
	alpha, restAlpha := c.alpha, c.restAlpha()/2
	if c.rested {
		alpha /= 2 // two chances for a false alarm
	}
	v := c.unknown("")
	var load, rest opinion
	if len(c.lives) > 0 {
		load = c.underLoad(alpha)
		if c.few() { // no growth could be shown, so none is excluded
			load.clear, load.detectable = false, math.NaN()
		}
		c.speak(&v, load, soak.EvidenceLoad)
	}
	if c.rested && c.resting.trend.known() {
		rest = c.weigh(c.resting.trend, restAlpha, c.tolerance+c.resting.trend.detectable(restAlpha))
		rest.grows = rest.grows && c.resting.lasts && !(load.trend.known() && load.trend.quantile(1-suspicion) < rest.trend.slope/2)
		if len(c.lives) == 0 || !(rest.detectable >= load.detectable) {
			c.speak(&v, rest, soak.EvidenceRest)
		}
	}
	equal := c.rested && c.resting.equal
	if load.clear && rest.trend.known() && c.resting.lasts && rest.p < suspicion {
		load.clear, c.unclear = false, "the readings at rest rise perhaps"
	}
	both := rest.trend.known() && load.trend.known() && c.doubt == "" && !c.young && c.resting.lasts && fisher(load.p, rest.p) < c.alpha
	switch {
	case load.grows && rest.grows || both && !load.grows && !rest.grows:
		v.State, v.Evidence = soak.Leaking, soak.EvidenceBoth
	case load.grows:
		c.speak(&v, load, soak.EvidenceLoad)
		v.State = soak.Leaking
	case rest.grows:
		c.speak(&v, rest, soak.EvidenceRest)
		v.State = soak.Leaking
	case load.clear && (rest.clear || equal):
		v.State, v.Evidence = soak.Clean, soak.EvidenceBoth
	case load.clear:
		v.State = soak.Clean
	case rest.clear || equal:
		v.State, v.Evidence = soak.Clean, soak.EvidenceRest
	}
	if limit := 2 * c.quantum / c.resting.hours; equal && v.State == soak.Clean && !(v.MinDetectable < limit) {
		v.MinDetectable = limit
	}
	c.since(&v)
	c.operations(&v)
	c.exhaustion(&v)
	v.Reason = c.reason(v)
	return v
}

// restAlpha is what the readings at rest may spend: what they show is new only
// as often as there is one more of them, however often one looks.
func (c *inquiry) restAlpha() float64 {
	return Correct(falseAlarms, min(c.q.Look, c.resting.readings), c.q.Family)
}

// fisher joins the p values of two independent tests (Fisher 1925).
func fisher(p, q float64) float64 {
	x := p * q
	if x == 0 {
		return 0
	}
	return x * (1 - math.Log(x))
}

// speak lets one opinion fill in the figures.
func (c *inquiry) speak(v *soak.Verdict, o opinion, evidence soak.Evidence) {
	v.Slope, v.Lo, v.Hi = o.trend.slope, o.trend.quantile(0.025), o.trend.quantile(0.975)
	v.MinDetectable, c.spoken = o.detectable, o
	spent := c.alpha
	if evidence == soak.EvidenceRest {
		spent = c.restAlpha()
	}
	v.P = min(1, o.p*falseAlarms/spent)
	v.Level, v.Evidence = c.level, evidence
}

// allowed is the tolerance in units per hour.
func (c *inquiry) allowed() float64 {
	t := c.q.Tolerance
	v := t.Value
	if t.Percent {
		v *= math.Abs(c.level)
	}
	switch t.Per {
	case soak.PerRun:
		v /= c.hours
	case soak.PerOperation:
		v *= c.meter.rate(c.pts[0].t, c.pts[len(c.pts)-1].t)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0
	}
	return v
}

func (c *inquiry) since(v *soak.Verdict) {
	from := c.pts[0].t
	if len(c.lives) > 0 && v.State == soak.Leaking {
		from = c.growthFrom()
	}
	v.Since = duration(from)
}

// operations counts the growth per operation, and says what it follows where
// that can be told.
func (c *inquiry) operations(v *soak.Verdict) {
	rate := c.meter.rate(v.Since.Hours(), c.pts[len(c.pts)-1].t)
	if rate > 0 {
		v.PerOperation = v.Slope / rate
	}
	switch {
	case v.State != soak.Leaking:
	case c.rested && c.resting.closed:
		v.Follows = soak.FollowsSessions
	case len(c.lives) == 1:
		var each float64
		if v.Follows, each = c.meter.follows(&c.lives[0], c.quantum); v.Follows == soak.FollowsOperations {
			v.PerOperation = each
		}
	}
}

// exhaustion tells when the limit is reached.
func (c *inquiry) exhaustion(v *soak.Verdict) {
	limit := c.q.Limit
	if v.State != soak.Leaking || math.IsNaN(limit) || math.IsInf(limit, 0) || !(v.Slope > 0) {
		return
	}
	last := c.pts[len(c.pts)-1]
	left := max(0, limit-last.max)
	v.Exhaustion = soak.Exhaustion{Limit: limit, At: duration(last.t + left/v.Slope), Lo: duration(last.t + left/v.Hi)}
	if v.Lo > 0 {
		v.Exhaustion.Hi = duration(last.t + left/v.Lo)
	}
}

// duration is that of so many hours, at most what a Duration can hold.
func duration(hours float64) time.Duration {
	const most = float64(math.MaxInt64) / float64(time.Hour) * 0.999
	return time.Duration(max(-most, min(most, hours)) * float64(time.Hour))
}
