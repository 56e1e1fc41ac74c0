package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

const (
	restFree  = 8 // weight, in readings, of the prior that counts at rest are off by at most one step
	restLeast = 3 // fewest readings after the first stretch of load that show a line
)

// restReadings is what the readings at rest show: the load is paused, the target
// has settled, and its garbage was collected where that is possible. What remains
// then is still referenced.
type restReadings struct {
	readings  int     // number of readings, each of which brings something new
	trend     trend   // in units per hour, after the first stretch of load
	sustained bool    // the later half of the readings has its share of the growth
	unchanged bool    // the last reading is not above one that is older by at least half of the time
	hours     float64 // between those two readings
	change    float64 // from the one to the other, per hour
	returned  bool    // the growth disappeared when the sessions closed that were open at the rests before
}

// atRest evaluates the readings at rest. The first one, before any load, finds cold
// caches and empty pools: the rise from it to the next is warm-up and shows no
// growth. Where the last is no higher than an early one with as many open
// sessions, nothing has grown.
func atRest(rest []soak.RestPoint, loaded time.Duration, quantum float64, counts bool) (r restReadings, ok bool) {
	rest = readable(rest)
	if len(rest) < 2 {
		return r, false
	}
	last := rest[len(rest)-1]
	for _, p := range rest {
		hours := (last.At - p.At).Hours()
		if counts && last.At > loaded && last.Value <= p.Value && last.Open == p.Open && 2*hours >= (last.At-rest[0].At).Hours() && hours > 0 {
			r.unchanged, r.hours, r.change = true, hours, (last.Value-p.Value)/hours
			break
		}
	}
	r.readings = len(rest)
	// The line begins after the first stretch of load, see above.
	before := rest[0]
	if after := slices.DeleteFunc(rest, func(p soak.RestPoint) bool { return p.At <= loaded }); len(after) >= restLeast {
		r.fit(after, quantum, counts)
		r.returned = r.returnsWithSessions(before, after[len(after)-2], last)
	}
	return r, r.known()
}

// known reports whether the readings show anything.
func (r *restReadings) known() bool { return r.unchanged || r.trend.known() }

// returnsWithSessions reports whether the growth disappeared with the sessions: all
// that were open at the rest before are closed at the last one, and less than half
// of the rise remains above the reading before the load. (Warm-up remains too, so
// this errs on the side of not reporting.)
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

// fit fits a line through few readings by least squares, with the number of open
// sessions as a further regressor. Counts at rest are exact except for a
// straggler: their residual variance is shrunk towards that of an error that is
// uniform within one step up or down, a third of a step squared.
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
	r.trend = trend{parts: []part{{weight: 1, slope: slope, err: math.Sqrt(s2 * variance)}}, slope: slope, dof: dof}
	gained := func(from, to int) float64 {
		return rest[to].Value - rest[from].Value - each*float64(rest[to].Open-rest[from].Open)
	}
	n := len(rest)
	r.sustained = 3*(gained(n/2, n-1)+quantum) >= gained(0, n-1) // each reading is known to one step
}
