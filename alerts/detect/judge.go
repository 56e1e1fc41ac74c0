package detect

import (
	"fmt"
	"math"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

const (
	falseAlarms = 0.001            // chance that a run without growth ever ends with one leak in all its looks and series
	power       = 0.95             // with which the smallest detectable growth is found
	suspicion   = 0.01             // growth that chance brings about more rarely keeps a series from being clean
	levelling   = 2                // by which levelling off must beat going on: the edge is with growth that was shown
	margin      = 6                // by which a growing course must beat every bounded one: 2 ln 20
	clearShare  = 0.05             // clean needs a detectable growth over the series of at most this share of its level,
	clearCount  = 5                // or so many counts
	warmupSpan  = 10 * time.Minute // growth within so short a recording and within clearShare may be warm-up
)

// Judge is the detector. It has no state.
type Judge struct{}

// Judge answers one question. It reads no clock and does no input or output,
// gives the same answer to the same question, and never panics: what cannot be
// judged is inconclusive, with the reason.
func (Judge) Judge(q soak.Question) soak.Verdict {
	c := newCase(q)
	if why := c.lacking(); why != "" {
		return c.unknown(why)
	}
	return c.judge()
}

func (c *inquiry) judge() soak.Verdict {
	c.load()
	c.rest()
	v := c.decide()
	if v.State == soak.Inconclusive && len(c.q.Phases) == 0 && len(c.q.Series.Breaks) == 0 {
		return c.restarted(v)
	}
	return v
}

// restarted is a second attempt at the recording of a stranger, who did not
// mark the restarts: its deep drops are taken for such. Who watches a process
// sees it restart, so that a drop is then its own doing.
func (c *inquiry) restarted(v soak.Verdict) soak.Verdict {
	at := restarts(c.pts)
	if len(at) == 0 {
		return v
	}
	c.pts, c.seen, c.lives, c.parts, c.doubt, c.unclear, c.young = cut(c.pts, at), nil, nil, nil, "", "", false
	c.load()
	if again := c.decide(); again.State == soak.Clean || again.State == soak.Leaking && c.sameRate() {
		again.Warnings = append(again.Warnings, fmt.Sprintf("%d sudden drops were taken for restarts", len(at)))
		return again
	}
	var when []string
	for _, t := range at {
		when = append(when, human.Roughly(duration(t)))
	}
	v.Warnings = append(v.Warnings, "it fell suddenly at "+strings.Join(when, ", ")+": where that was a restart, mark it, and each life is judged by itself")
	return v
}

// sameRate tells whether all lives grow at one rate, as a leak under constant
// load does after each restart: at odds of 20 to 1 against the teeth of a saw,
// whose rates scatter. It is the ratio of the likelihoods of two meta-analyses
// (DerSimonian & Laird 1986), with the little scatter that a leak may have and
// with that of teeth, the mean rate unknown in both.
func (c *inquiry) sameRate() bool {
	cost := func(scatter float64) float64 {
		logs, weights, mean, square := 0.0, 0.0, 0.0, 0.0
		for _, f := range c.lives {
			err := (f.trend.quantile(0.975) - f.trend.quantile(0.025)) / 4
			v := err*err + scatter*scatter*c.trend.slope*c.trend.slope
			logs += math.Log(v)
			weights += 1 / v
			mean += f.trend.slope / v
			square += f.trend.slope * f.trend.slope / v
		}
		return logs + math.Log(weights) + square - mean*mean/weights
	}
	return cost(toothScatter)-cost(leakScatter) >= margin
}

// An inquiry is the question, what was taken from it, and the evidence.
type inquiry struct {
	q         soak.Question
	pts       []point
	loaded    time.Duration // when the load began
	hours     float64       // of steady load, first sample to last
	quantum   float64
	counts    bool
	alpha     float64
	tolerance float64 // per hour
	level     float64
	meter     meter

	lives   []finding
	trend   trend     // under load, all lives together
	spoken  opinion   // whose figures the verdict has
	doubt   string    // why growth under load is not believed
	unclear string    // why growth is not excluded though the figures would
	young   bool      // it has lasted too short a part of the planned time
	parts   [][]point // the lives' points
	resting resting
	rested  bool

	seen []*sight // what there is to see of the only life, where it was looked at before
}

func newCase(q soak.Question) *inquiry {
	s := Reduce(q.Series)
	c := &inquiry{q: q, pts: steady(s, q.Phases, q.Warmup), loaded: loadStart(s, q.Phases), level: math.NaN()}
	c.alpha = Correct(falseAlarms, q.Look, q.Family)
	c.meter = newMeter(q.Operations)
	if n := len(c.pts); n > 0 {
		c.hours = c.pts[n-1].t - c.pts[0].t
		c.quantum, c.counts = resolution(s.Metric, c.pts)
		c.level = level(c.pts, c.pts[0].t)
	}
	return c
}

// load judges each life of the process by itself and joins what they show.
func (c *inquiry) load() {
	for _, life := range lives(c.pts) {
		seen := c.seen
		if seen == nil {
			seen = sights(life, c.quantum)
		}
		f, ok := examine(seen, c.alpha)
		if !ok {
			continue
		}
		if len(c.lives) == 0 {
			c.trend = f.trend
		} else {
			c.trend = c.trend.and(f.trend)
		}
		c.lives, c.parts = append(c.lives, f), append(c.parts, life)
	}
	if !c.trend.known() {
		c.lives, c.parts = nil, nil
	}
	if n := len(c.lives); n > 0 {
		c.level = level(c.pts, c.lives[n-1].from)
	}
}

func (c *inquiry) rest() {
	c.resting, c.rested = atRest(c.q.Rest, c.loaded, c.quantum, c.counts)
}

// lives cuts the points at the breaks and keeps those parts that can show
// anything beside the others: at least a twentieth of all the time.
func lives(pts []point) [][]point {
	var parts [][]point
	start := 0
	for i := 1; i <= len(pts); i++ {
		if i < len(pts) && pts[i].segment == pts[start].segment {
			continue
		}
		if part := pts[start:i]; len(part) >= leastPoints && 20*(part[len(part)-1].t-part[0].t) >= pts[len(pts)-1].t-pts[0].t {
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
	return quantum, counts && quantum == 1
}

// level is the mean from the given hour on.
func level(pts []point, from float64) float64 {
	sum, n := 0.0, 0.0
	for _, p := range pts {
		if p.t >= from {
			sum += p.mid
			n++
		}
	}
	return sum / n
}
