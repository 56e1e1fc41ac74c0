package detect

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// Detected replays the looks of a monitor that watched from the start and
// returns the run length at which it would first have said leak.
func Detected(q soak.Question) (at time.Duration, ok bool) {
	s := q.Series
	n := min(len(s.At), len(s.Value))
	if n == 0 {
		return 0, false
	}
	r := NewReducer(s.ID, s.Metric)
	origin, last := s.At[0], time.Duration(0)
	breaks := s.Breaks
	for i := range n {
		for len(breaks) > 0 && breaks[0] <= s.At[i] {
			r.Break(breaks[0])
			breaks = breaks[1:]
		}
		if s.N != nil {
			r.addBucket(s, i)
		} else {
			r.Add(s.At[i], s.Value[i])
		}
		if now := s.At[i] - origin; LookDue(last, now) {
			last = now
			if leaks(until(q, r.Series(), s.At[i])) {
				return s.At[i], true
			}
		}
	}
	return 0, false
}

// leaks reports whether Judge would say leak, and is cheaper.
func leaks(q soak.Question) bool {
	leaks, _ := newInquiry(q).leaks(nil)
	return leaks
}

// leaks also returns the analyses that it made of the only lifetime, for the
// next question about the same points.
func (c *inquiry) leaks(analyses []*analysis) (bool, []*analysis) {
	if c.lacking() != "" {
		return false, analyses
	}
	may, analyses := c.mayLeak(analyses)
	return may && c.judge(analyses).State == soak.Leaking, analyses
}

// mayLeak is false where the verdict cannot be leak: there are too few points, too
// little of the planned time has passed, or no view raises an alarm. It is cheaper
// than a judgment, and decides only where one lifetime of the process, under load,
// is all the evidence.
func (c *inquiry) mayLeak(analyses []*analysis) (bool, []*analysis) {
	if len(c.q.Rest) > 0 {
		return true, nil
	}
	if c.unmarked() && len(restarts(c.pts)) > 0 {
		return true, nil
	}
	parts := splitAtBreaks(c.pts)
	if len(parts) != 1 {
		return len(parts) > 0, nil
	}
	if c.oneTooth(len(parts[0])) || math.IsNaN(c.q.Limit) && c.hours < lastShare*(c.hours+c.planned()) {
		return false, analyses
	}
	if analyses == nil {
		analyses = analyze(parts[0], c.quantum)
	}
	for _, s := range analyses {
		if s.mayAlarm(c.alpha / viewsTried) {
			return true, analyses
		}
	}
	return false, analyses
}

// until returns the question as it was at a time.
func until(q soak.Question, s soak.Series, now time.Duration) soak.Question {
	q.Series = s
	q.Look = Looks(now)
	q.Rest = q.Rest[:before(q.Rest, func(p soak.RestPoint) bool { return p.At <= now })]
	n := before(q.Operations.At, func(at time.Duration) bool { return at <= now })
	q.Operations.At, q.Operations.Value = q.Operations.At[:n], q.Operations.Value[:min(n, len(q.Operations.Value))]
	return q
}

// before counts the leading elements that hold.
func before[T any](s []T, holds func(T) bool) int {
	if n := slices.IndexFunc(s, func(e T) bool { return !holds(e) }); n >= 0 {
		return n
	}
	return len(s)
}
