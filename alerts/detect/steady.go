package detect

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// steady returns the points of a reduced series that were taken under steady
// load after the known warm-up, oldest first. Counters become rates per
// second. Without phases all of the series is steady load.
func steady(s soak.Series, phases []soak.Phase, warmup time.Duration) []point {
	breaks := slices.Sorted(slices.Values(s.Breaks))
	from := loadStart(s, phases) + warmup
	pts := make([]point, 0, len(s.At))
	segment := 0
	previous := -1
	for i, at := range s.At {
		// A break starts a segment, and the rate of a counter does not span it.
		for len(breaks) > 0 && breaks[0] <= at {
			segment++
			breaks = breaks[1:]
			previous = -1
		}
		rate, under := load(phases, at)
		p := point{at.Hours(), s.Value[i], s.Min[i], s.Max[i], float64(s.N[i]), segment, rate}
		if s.Metric.Kind == soak.Counter {
			last := previous
			previous = i
			if last < 0 || s.Value[i] < s.Value[last] || at == s.At[last] {
				continue
			}
			p.mid = (s.Value[i] - s.Value[last]) / (at - s.At[last]).Seconds()
			p.min, p.max = p.mid, p.mid
		}
		if under && at >= from && finite(p) {
			pts = append(pts, p)
		}
	}
	return pts
}

func finite(p point) bool {
	return !math.IsNaN(p.mid+p.min+p.max) && math.Abs(p.mid) <= huge && math.Abs(p.min) <= huge && math.Abs(p.max) <= huge
}

// loadStart is when the load began: at the first phase that is not rest.
func loadStart(s soak.Series, phases []soak.Phase) time.Duration {
	for _, p := range phases {
		if p.Name.Loading() {
			return p.From
		}
	}
	if len(s.At) > 0 {
		return s.At[0]
	}
	return 0
}

// load reports whether the time lies in a steady phase, and its rate.
func load(phases []soak.Phase, at time.Duration) (rate float64, steady bool) {
	if len(phases) == 0 {
		return 1, true
	}
	for _, p := range phases {
		if p.Name == soak.PhaseSteady && at >= p.From && at < p.To {
			return p.Rate, true
		}
	}
	return 0, false
}
