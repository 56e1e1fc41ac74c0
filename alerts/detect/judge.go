package detect

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

const (
	falseAlarms      = 0.001            // probability that a run without growth is called a leak at any look at any of its series
	power            = 0.95             // probability with which the smallest detectable growth is found
	suspicion        = 0.01             // growth with a smaller p value prevents the verdict clean
	saturationMargin = 2                // by which a saturation curve must beat a line (difference of BIC): growth that was shown has the advantage
	margin           = 6                // by which a growing model must beat every bounded one (difference of BIC): 2 ln 20
	cleanShare       = 0.05             // clean requires that growth over the series by more than this share of its level is excluded,
	cleanCounts      = 5                // or this number of steps of the readings, such as counts or pages
	fewLifetimes     = 24               // up to which each is judged that has
	manyPoints       = 30               // or more, however short it is
	warmupSpan       = 10 * time.Minute // in shorter recordings, growth within cleanShare may be warm-up
)

// page is the unit of memory in which a kernel counts.
const page = 4096

// Judge is the detector. It has no state.
type Judge struct{}

// Judge answers one question. It reads no clock and does no input or output,
// gives the same answer to the same question, and never panics: what cannot be
// judged is inconclusive, with the reason.
func (Judge) Judge(q soak.Question) soak.Verdict { return newInquiry(q).judge(nil) }

// judge gathers the evidence and decides. The analyses are those of the only
// lifetime, where they are known already.
func (c *inquiry) judge(analyses []*analysis) soak.Verdict {
	if why := c.lacking(); why != "" {
		v := c.unknown(why)
		v.Warnings = c.gaps.warnings()
		return v
	}
	e := c.gather(analyses)
	v := c.withLifetimes(c.verdict(e), &e)
	if c.unmarked() {
		v = c.withRestarts(v)
	}
	v = c.withFall(c.withCeiling(v, &e), &e)
	v.Warnings = append(v.Warnings, c.gaps.warnings()...)
	return v
}

// An inquiry is a question and what follows from it before anything is
// estimated. It does not change: evidence is gathered from it as a value.
type inquiry struct {
	q          soak.Question
	pts        []point
	loaded     time.Duration // when the load began
	hours      float64       // of steady load, first sample to last
	quantum    float64       // smallest step between two readings, 0 where it is not known
	counts     bool
	alpha      float64 // error probability of this look at this series
	level      float64 // mean of all points
	others     float64 // hours of the recording outside of the lifetime, where one is judged by itself
	gaps       gaps    // readings of zero that were left out
	operations operationCount
}

func newInquiry(q soak.Question) *inquiry {
	s := Reduce(q.Series)
	c := &inquiry{q: q, pts: steady(s, q.Phases, q.Warmup), loaded: loadStart(s, q.Phases), level: math.NaN()}
	c.alpha = Correct(falseAlarms, q.Look, q.Family)
	c.operations = countOperations(q.Operations)
	if n := len(c.pts); n > 0 {
		c.quantum, c.counts = resolution(s.Metric, c.pts)
		c.pts, c.gaps = withoutZeros(c.pts, s.Metric, c.counts)
		n = len(c.pts)
		c.hours = c.pts[n-1].t - c.pts[0].t
		c.level = meanFrom(c.pts, c.pts[0].t)
	}
	return c
}

// about returns an inquiry of the same question about the same readings in
// other segments.
func (c *inquiry) about(pts []point) *inquiry {
	other := *c
	other.pts = pts
	return &other
}

// lacking says what makes a judgement impossible, or nothing.
func (c *inquiry) lacking() string {
	switch n := len(c.pts); {
	case n == 0:
		return "no sample was taken" + c.ofLoad()
	case n < leastPoints || c.hours <= 0:
		return c.tooFew(n)
	}
	return ""
}

// end is the hour of the last point.
func (c *inquiry) end() float64 { return c.pts[len(c.pts)-1].t }

// planned is how many hours of the planned time are to come.
func (c *inquiry) planned() float64 {
	if c.q.Planned <= 0 {
		return 0
	}
	return max(0, (c.loaded+c.q.Planned).Hours()-c.end())
}

// left is how many hours a wave may have to become whole: those to come, and for
// one lifetime of several those of the others.
func (c *inquiry) left() float64 { return max(c.others, c.planned()) }

// exhausts reports whether growth at a slope reaches the limit within the given
// hours.
func (c *inquiry) exhausts(slope, hours float64) bool {
	return c.q.Limit-c.pts[len(c.pts)-1].max < slope*hours
}

// restAlpha is the error probability that the readings at rest may spend. They
// bring something new only when there is one more of them, however many looks
// there are.
func (c *inquiry) restAlpha(readings int) float64 {
	return Correct(falseAlarms, min(c.q.Look, readings), c.q.Family)
}

// splitAtBreaks cuts the points at the breaks, one part for each lifetime of the
// process, and keeps those that can show anything in comparison with the
// others: at least a twentieth of the whole time, or where there are few, many points.
func splitAtBreaks(pts []point) [][]point {
	if len(pts) == 0 {
		return nil
	}
	var parts [][]point
	start := 0
	few := pts[len(pts)-1].segment-pts[0].segment < fewLifetimes
	for i := 1; i <= len(pts); i++ {
		if i < len(pts) && pts[i].segment == pts[start].segment {
			continue
		}
		part := pts[start:i]
		long := 20*(part[len(part)-1].t-part[0].t) >= pts[len(pts)-1].t-pts[0].t
		if len(part) >= leastPoints && (long || few && len(part) >= manyPoints) {
			parts = append(parts, part)
		}
		start = i
	}
	return parts
}

// resolution returns the smallest step between two readings, 0 where it is
// not known, and whether they are counts.
func resolution(m soak.Metric, pts []point) (quantum float64, counts bool) {
	if m.Kind == soak.Counter {
		return 0, false
	}
	counts = true
	for _, p := range pts {
		if p.min != math.Trunc(p.min) || p.max != math.Trunc(p.max) {
			counts = false
			break
		}
	}
	switch {
	case m.Quantum > 0:
		quantum = m.Quantum
	case counts:
		quantum = 1
	}
	counts = counts && quantum == 1
	if m.Unit == "bytes" && quantum < page && !slices.ContainsFunc(pts, func(p point) bool {
		return math.Mod(p.min, page) != 0 || math.Mod(p.max, page) != 0
	}) {
		quantum = page
	}
	return quantum, counts
}

// meanFrom is the mean from the given hour on.
func meanFrom(pts []point, from float64) float64 {
	sum, n := 0.0, 0.0
	for _, p := range pts {
		if p.t >= from {
			sum += p.mid
			n++
		}
	}
	return sum / n
}
