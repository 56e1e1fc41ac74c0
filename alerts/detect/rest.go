package detect

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

const (
	restFree  = 8 // with how many readings' weight it is held that counts at rest are exact to one step
	restLeast = 3 // readings after the load's first stretch that show a line
)

// A floor is what the readings at rest show: the load paused, the target
// settled, a garbage collection done where that is possible. What remains then
// is held by somebody.
type resting struct {
	trend  trend // in units per hour, after the first stretch of load
	equal  bool  // the last reading is not above the first
	hours  float64
	points int
}

// atRest judges the readings at rest. The first one, before any load, finds
// cold caches and pools not yet built: what was gained from it to the next is
// warm-up and shows no growth; but where the last is no higher than it,
// nothing has grown. Readings with another number of sessions kept open than
// most are left out.
func atRest(rest []soak.RestPoint, loaded time.Duration, quantum float64, counts bool) (r resting, ok bool) {
	rest = comparable(rest)
	if len(rest) < 2 {
		return r, false
	}
	first, last := rest[0], rest[len(rest)-1]
	r.hours = (last.At - first.At).Hours()
	r.equal = counts && last.Value <= first.Value && first.At <= loaded && last.At > loaded
	var t, y []float64
	for _, p := range rest {
		if p.At > loaded {
			t, y = append(t, p.At.Hours()), append(y, p.Value)
		}
	}
	if r.points = len(t); r.points >= restLeast && t[len(t)-1] > t[0] {
		r.trend = line(t, y, quantum, counts)
	}
	return r, r.equal || r.trend.known()
}

// comparable returns the readings with as many sessions open as most have.
func comparable(rest []soak.RestPoint) []soak.RestPoint {
	count := map[int64]int{}
	for _, p := range rest {
		if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
			count[p.Open]++
		}
	}
	open, most := int64(0), 0
	for o, n := range count {
		if n > most || n == most && o < open {
			open, most = o, n
		}
	}
	kept := slices.DeleteFunc(slices.Clone(rest), func(p soak.RestPoint) bool {
		return p.Open != open || math.IsNaN(p.Value) || math.Abs(p.Value) > huge
	})
	slices.SortStableFunc(kept, func(a, b soak.RestPoint) int { return int(min(1, max(-1, a.At-b.At))) })
	return kept
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
