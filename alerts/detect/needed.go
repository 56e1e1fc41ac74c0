package detect

import (
	"math"
	"time"

	"soakmon/soak/human"
)

const (
	longest   = 1000 // times the judged time: what needs more is not foreseen
	wholeDays = 48 * time.Hour
)

// needed is how long a run would have to be to decide at this noise, 0 where that is
// unknown: an alternative explanation may hold for longer than any run.
func (c *inquiry) needed(e *evidence, d decision, stated slopeTest) time.Duration {
	load, hours := &e.load, 0.0
	switch {
	case d.figures == "":
	case load.young:
		hours = load.growthFrom() - c.pts[0].t + lastShare*(c.hours+c.planned())
	case load.tooth && stated.p < suspicion:
		hours = toothSpan.Hours()
	case load.early:
		hours = warmupSpan.Hours()
	case load.unsettled:
		hours = e.lengthToSettle(&load.slopeTest, load.leveling.tau)
	case load.alternative != "", load.unranked:
	case d.ambiguity == mayGoOn, d.ambiguity == "" && load.ascent.continues():
		hours = load.ascent.last() + load.ascent.enough() - c.pts[0].t
	case d.ambiguity == "":
		hours = c.hours * e.lengthToDecide(&stated)
	}
	if hours <= c.hours {
		return 0
	}
	if len(c.q.Phases) > 0 { // what comes before steady load takes as long again
		hours += c.pts[0].t
	}
	return roundUp(duration(hours))
}

// lengthToDecide is how many times as long the series must be, at this noise, for
// growth above what may remain to be excluded, or, where growth is suspected, to be
// shown. It is 0 where no length is enough.
func (k criteria) lengthToDecide(t *slopeTest) float64 {
	slope := t.trend.slope
	room, above := k.cleanRoom, t.most-slope
	if k.tolerance > 0 { // the growth that is tolerated over a run does not grow with it
		room, above = k.tolerance*k.hours, t.upper-slope
	}
	decided := func(times float64) bool {
		narrower := t.trend.narrower(times)
		if t.p < suspicion {
			return slope-k.tolerance >= (t.detectable-k.tolerance)*narrower
		}
		return above*narrower*times*k.hours <= room
	}
	for times := lookGrowth; times < longest; times *= lookGrowth {
		if decided(times) {
			return times
		}
	}
	return 0
}

// lengthToSettle is how long the series must be, in hours, for the rate at which its
// level still rises, and which falls with a time constant, to be within what may remain.
func (k criteria) lengthToSettle(t *slopeTest, tau float64) float64 {
	for hours := k.hours; hours < longest*k.hours; hours *= lookGrowth {
		rising := t.rising * math.Exp((k.hours-hours)/tau)
		if k.tolerance > 0 && t.upper-t.rising+rising <= k.tolerance || k.tolerance == 0 && (t.most-t.rising+rising)*hours <= k.cleanRoom {
			return hours
		}
	}
	return 0
}

// narrower is the width of the distribution of the slope, as a share of this one,
// in a series that is longer by a factor. The variance of the slope of
// Ornstein–Uhlenbeck noise falls with the length of the series as that of a random
// walk does while it is shorter than the noise's memory, by the first power, and as
// that of white noise does beyond it, by the third.
func (tr trend) narrower(times float64) float64 {
	now, then := 0.0, 0.0
	for _, p := range tr.parts {
		share := 1 / (times * times * times)
		if p.memory > 0 {
			u := 1 / (12 * p.memory * p.memory)
			share = (1 + u) / (1 + times*times*u) / times
		}
		now += p.weight * p.err
		then += p.weight * p.err * math.Sqrt(share)
	}
	return then / now
}

// roundUp rounds up to a length that a person would choose.
func roundUp(d time.Duration) time.Duration {
	unit := time.Minute
	switch {
	case d > wholeDays:
		unit = 24 * time.Hour
	case d > 2*time.Hour:
		unit = time.Hour
	}
	n := math.Ceil(float64(d)/float64(unit) - 1e-9)
	for step := 1.0; ; step *= 10 {
		for _, s := range [...]float64{step, 5 * step} {
			if n <= 20*s {
				return time.Duration(s*math.Ceil(n/s-1e-9)) * unit
			}
		}
	}
}

// decides completes a reason with how long a run would have to be.
func decides(needed time.Duration) string {
	if needed == 0 {
		return "a longer run is needed"
	}
	return "about " + human.Roughly(needed) + " at this noise would decide"
}
