package cause

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// part is one series of a family and its growth in the interval of a leak.
type part struct {
	name   string
	labels map[string]string
	first  float64
	last   float64
	profiles.Growth
}

// parts are the series of the families that grow significantly to the end, the
// steepest first.
func (f *finder) parts(l Leak, families ...string) []part {
	return slices.DeleteFunc(f.every(l, families...), func(p part) bool { return !p.Lasts || p.P > chance })
}

// account returns the series of a family that account for most of a leak's growth by
// mere arithmetic, of which there is at most one: where a kind was read too rarely for
// a test, the count of it rose by as much as the leaking count between the same times.
func (f *finder) account(l Leak, family string) []part {
	whole, err := f.src.Series(soak.SeriesOf(l.Process, l.Metric))
	if err != nil {
		return nil
	}
	from, to := l.loaded()
	for _, n := range f.names {
		if n.Process != l.Process || soak.Family(n.Metric) != family {
			continue
		}
		s, err := f.src.Series(n)
		if err != nil {
			continue
		}
		at, value := cut(s, from, to)
		last := len(at) - 1
		if last < 1 {
			continue
		}
		rose, total := value[last]-value[0], near(whole, at[last])-near(whole, at[0])
		if back := max(value[0]-slices.Min(value), slices.Max(value)-value[last]); back > returned*rose {
			continue
		}
		if total > 0 && rose > total/2 {
			share := profiles.Growth{Slope: l.Slope * rose / total} // the load may have paused in between
			return []part{{name: n.Metric, labels: maps.Collect(soak.Labels(n.Metric)), first: value[0], last: value[last], Growth: share}}
		}
	}
	return nil
}

// returned is the share of a rise that may have come back in between: a few connections
// of other kinds.
const returned = 0.1

// near is the reading of a series that is nearest to a time.
func near(s soak.Series, at time.Duration) float64 {
	value, distance := math.NaN(), time.Duration(math.MaxInt64)
	for i, t := range s.At {
		if d := (t - at).Abs(); d < distance && s.Value[i] == s.Value[i] {
			value, distance = s.Value[i], d
		}
	}
	return value
}

// every returns all series of the families, the steepest first.
func (f *finder) every(l Leak, families ...string) (all []part) {
	for _, n := range f.names {
		if n.Process != l.Process || !slices.Contains(families, soak.Family(n.Metric)) {
			continue
		}
		if p, ok := f.part(l, n.Metric); ok {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b part) int { return cmp.Compare(b.Slope, a.Slope) })
	return all
}

// chance is the significance level of growth of a series.
const chance = 0.01

// part is the growth of one series, false if there are too few measurements.
func (f *finder) part(l Leak, name string) (part, bool) {
	s, err := f.src.Series(soak.SeriesOf(l.Process, name))
	if err != nil {
		return part{}, false
	}
	at, value := cut(s, l.From, l.To)
	if len(at) < usualSnapshots { // the probe is expensive and reads rarely
		from, to := l.loaded()
		at, value = cut(s, from, to)
	}
	if len(at) < profiles.Fewest {
		return part{}, false
	}
	return part{name: name, labels: maps.Collect(soak.Labels(name)), first: value[0], last: value[len(value)-1], Growth: profiles.Grow(at, value)}, true
}

// cut returns the measured values of a series in an interval, after the last break in
// it.
func cut(s soak.Series, from, to time.Duration) (at []time.Duration, value []float64) {
	for _, b := range s.Breaks {
		if b > from && b < to {
			from = b
		}
	}
	for i, t := range s.At {
		if v := s.Value[i]; t >= from && t <= to && v == v {
			at, value = append(at, t), append(value, v)
		}
	}
	return at, value
}

func share(p part, l Leak) soak.Float {
	if l.Slope <= 0 {
		return 0
	}
	return soak.Float(min(1, max(0, p.Slope/l.Slope)))
}
