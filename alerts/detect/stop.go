package detect

import (
	"time"

	"soakmon/soak"
)

// MayEnd reports whether a run whose load is planned to end at a time may end now,
// with this verdict on one series. The verdict must be an answer to a question that
// asked for it (Question.Stop), and must have seen as much as is left: half of the
// planned load where it is clean, and growth that has lasted as long as the rest of
// the load would. A fill that ends, or growth that begins, is as likely in the part
// that was seen as in the part that is left. The last quarter
// of what was seen does not count for growth, because an end in it would not show
// yet. Growth that would reach its limit by the planned end need not wait.
func MayEnd(v soak.Verdict, now, end time.Duration) bool {
	switch v.State {
	case soak.Clean:
		return true
	case soak.Leaking:
		shown := now - v.Since - time.Duration(lastShare*float64(now))
		return shown >= end-now || v.Exhaustion.At > 0 && v.Exhaustion.At <= end
	}
	return false
}

// mayStop reports whether a run in progress may end at this look with the verdict
// clean. To stop at the first look that happens to be clean is optional stopping: it
// would be wrong more often than one look at the end. So such a look must exclude
// what the end would have to exclude: growth of the same size over the whole planned
// load, not over the part that was measured; and all looks together may be wrong as
// often as the end alone.
func (c *inquiry) mayStop(e *evidence) bool {
	left := c.left()
	planned := c.hours + left
	if c.end()-c.loaded.Hours() < left {
		return false
	}
	below := func(t *slopeTest, p float64) float64 { return max(t.hi, t.trend.quantile(1-Correct(p, c.q.Look, 1))) }
	excludes := func(t *slopeTest) bool {
		switch {
		case !t.known():
			return false
		case e.tolerance > 0:
			return below(t, 1-power) <= e.tolerance
		}
		return below(t, 1-power) <= 0 || below(t, suspicion)*planned <= e.cleanRoom
	}
	return e.load.clear() && excludes(&e.load.slopeTest) ||
		e.rest.test.excluded && excludes(&e.rest.test) ||
		e.rest.unchanged && 2*c.quantum/e.rest.hours*planned <= e.cleanRoom
}

// stopped withholds clean from a look at which the run would end too early.
func (c *inquiry) stopped(d decision, e *evidence) decision {
	if c.q.Stop && d.state == soak.Clean && !c.mayStop(e) {
		d.state, d.early = soak.Inconclusive, true
	}
	return d
}
