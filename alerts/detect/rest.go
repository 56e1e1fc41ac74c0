package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

const (
	restFree  = 8 // with how many readings' weight it is held that counts at rest are off by one step at most
	restLeast = 3 // readings after the load's first stretch that show a line
)

// resting is what the readings at rest show: the load paused, the target
// settled, a garbage collection done where that is possible. What remains then
// is held by somebody.
type restReadings struct {
	readings  int     // so often there was something new to look at
	trend     trend   // in units per hour, after the first stretch of load
	sustained bool    // the later half of the readings has its part of the growth
	unchanged bool    // the last reading is not above one that is older by half of all the time
	hours     float64 // between these two
	returned  bool    // the growth went when the sessions closed that were open at the rests between
}

// atRest judges the readings at rest. The first one, before any load, finds
// cold caches and pools not yet built: what was gained from it to the next is
// warm-up and shows no growth. Where the last is no higher than an early one,
// nothing has grown, if as many sessions are open.
func atRest(rest []soak.RestPoint, loaded time.Duration, quantum float64, counts bool) (r restReadings, ok bool) {
	rest = readable(rest)
	if len(rest) < 2 {
		return r, false
	}
	last := rest[len(rest)-1]
	for _, p := range rest {
		hours := (last.At - p.At).Hours()
		if counts && last.At > loaded && last.Value <= p.Value && last.Open == p.Open && 2*hours >= (last.At-rest[0].At).Hours() && hours > 0 {
			r.unchanged, r.hours = true, hours
			break
		}
	}
	r.readings = len(rest)
	before := rest[0]
	if after := slices.DeleteFunc(rest, func(p soak.RestPoint) bool { return p.At <= loaded }); len(after) >= restLeast {
		r.fit(after, quantum, counts)
		r.returned = r.returnsWithSessions(before, after[len(after)-2], last)
	}
	return r, r.known()
}

// known reports whether the readings show anything.
func (r *restReadings) known() bool { return r.unchanged || r.trend.known() }

// givenBack tells whether the sessions took the growth with them: all that were
// open at the rest before are closed at the last, and of what the readings had
// gained not half is left above the reading before the load. (What warms up is
// left as well, so this errs on the side of silence.)
func (r *restReadings) returnsWithSessions(before, open, last soak.RestPoint) bool {
	gained := r.trend.slope * (open.At - before.At).Hours()
	return open.Open > last.Open && before.Open == last.Open && gained > 0 && last.Value-before.Value < gained/2
}

// readable returns the readings that are measurements, oldest first.
func readable(rest []soak.RestPoint) []soak.RestPoint {
	kept := slices.DeleteFunc(slices.Clone(rest), func(p soak.RestPoint) bool { return !(math.Abs(p.Value) <= huge) })
	slices.SortStableFunc(kept, func(a, b soak.RestPoint) int { return cmp.Compare(a.At, b.At) })
	return kept
}

// fit draws a line by least squares through few readings, beside what the
// sessions hold that were open meanwhile. Counts at rest are exact but for a
// straggler: their residual variance is shrunk towards that of an error which
// is uniform within one step up or down, a third of a step squared.
func (r *restReadings) fit(rest []soak.RestPoint, quantum float64, counts bool) {
	var q normal
	q.reset(4)
	first := rest[0]
	for _, p := range rest {
		q.add([]float64{1, float64(p.Open), (p.At - first.At).Hours(), p.Value - first.Value})
	}
	rss, _, rank := q.factor()
	slope, variance := q.last()
	dof := float64(len(rest) - rank)
	if dof < 1 || math.IsInf(variance, 1) {
		return
	}
	each := q.coefficients()[1]
	if counts {
		dof, rss = dof+restFree, rss+restFree*quantum*quantum/3
	}
	s2 := rss/dof + quantum*quantum/12
	if s2 == 0 {
		s2 = 1e-12 * max(first.Value*first.Value, 1e-12)
	}
	r.trend = trend{parts: []part{{1, slope, math.Sqrt(s2 * variance)}}, slope: slope, dof: dof}
	gained := func(from, to int) float64 {
		return rest[to].Value - rest[from].Value - each*float64(rest[to].Open-rest[from].Open)
	}
	n := len(rest)
	r.sustained = 3*(gained(n/2, n-1)+quantum) >= gained(0, n-1) // each reading is known to one step
}
