package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

const (
	restFree  = 8 // with how many readings' weight it is held that counts at rest are exact to one step
	restLeast = 3 // readings after the load's first stretch that show a line
)

// resting is what the readings at rest show: the load paused, the target
// settled, a garbage collection done where that is possible. What remains then
// is held by somebody.
type resting struct {
	trend  trend   // in units per hour, after the first stretch of load
	equal  bool    // the last reading is not above one that is older by half of all the time
	closed bool    // it is so with all sessions closed, which were open at the rests between
	lasts  bool    // the later half of the readings has its part of the growth
	hours  float64 // between these two
}

// atRest judges the readings at rest. The first one, before any load, finds
// cold caches and pools not yet built: what was gained from it to the next is
// warm-up and shows no growth. Where the last is no higher than an early one,
// nothing has grown. Only readings with equally many sessions open compare.
func atRest(rest []soak.RestPoint, loaded time.Duration, quantum float64, counts bool) (r resting, ok bool) {
	rest = readable(rest)
	if len(rest) < 2 {
		return r, false
	}
	last := rest[len(rest)-1]
	for _, p := range rest {
		hours := (last.At - p.At).Hours()
		if counts && last.At > loaded && last.Value <= p.Value && last.Open == p.Open && 2*hours >= (last.At-rest[0].At).Hours() && hours > 0 {
			r.equal, r.hours = true, hours
			break
		}
	}
	r.closed = r.equal && len(rest) > 2 && rest[len(rest)-2].Open > last.Open
	var t, y []float64
	for _, p := range alike(rest) {
		if p.At > loaded {
			t, y = append(t, p.At.Hours()), append(y, p.Value)
		}
	}
	if n := len(t); n >= restLeast && t[n-1] > t[0] {
		r.trend = line(t, y, quantum, counts)
		r.lasts = 3*(y[n-1]-y[n/2]) >= y[n-1]-y[0]
	}
	return r, r.equal || r.trend.known()
}

// readable returns the readings that are measurements, oldest first.
func readable(rest []soak.RestPoint) []soak.RestPoint {
	kept := slices.DeleteFunc(slices.Clone(rest), func(p soak.RestPoint) bool { return !(math.Abs(p.Value) <= huge) })
	slices.SortStableFunc(kept, func(a, b soak.RestPoint) int { return cmp.Compare(a.At, b.At) })
	return kept
}

// alike returns the readings with as many sessions open as most have.
func alike(rest []soak.RestPoint) []soak.RestPoint {
	count := map[int64]int{}
	for _, p := range rest {
		count[p.Open]++
	}
	open, most := int64(0), 0
	for o, n := range count {
		if n > most || n == most && o < open {
			open, most = o, n
		}
	}
	return slices.DeleteFunc(rest, func(p soak.RestPoint) bool { return p.Open != open })
}

// line is least squares through few readings. Counts at rest are exact but for
// a straggler: their residual variance is shrunk towards one step squared.
func line(t, y []float64, quantum float64, counts bool) trend {
	n := float64(len(t))
	var mt, my, tt, ty, yy float64
	for i := range t {
		mt += t[i] / n
		my += y[i] / n
	}
	for i := range t {
		tt += (t[i] - mt) * (t[i] - mt)
		ty += (t[i] - mt) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	free, rss := n-2, max(0, yy-ty*ty/tt)
	if counts {
		free, rss = free+restFree, rss+restFree*quantum*quantum
	}
	s2 := rss/free + quantum*quantum/12
	if s2 == 0 {
		s2 = 1e-12 * max(my*my, 1e-12)
	}
	return trend{parts: []part{{1, ty / tt, math.Sqrt(s2 / tt)}}, slope: ty / tt, free: free}
}
