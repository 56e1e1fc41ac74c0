package detect

import (
	"math"
	"sort"

	"soakmon/soak"
)

// A meter reads the load's cumulative operations at any time.
type meter struct {
	hours []float64
	count []float64
}

// newMeter reads the operations series; resets are bridged.
func newMeter(s soak.Series) meter {
	var m meter
	base, last := 0.0, 0.0
	for i := range min(len(s.At), len(s.Value)) {
		v, h := s.Value[i], s.At[i].Hours()
		if math.IsNaN(v) || math.Abs(v) > huge || len(m.hours) > 0 && h <= m.hours[len(m.hours)-1] {
			continue
		}
		if v < last {
			base += last
		}
		last = v
		m.hours, m.count = append(m.hours, h), append(m.count, base+v)
	}
	return m
}

// at returns the operations done by the given hour, between readings on a
// straight line.
func (m meter) at(hour float64) float64 {
	n := len(m.hours)
	i := sort.SearchFloat64s(m.hours, hour)
	switch {
	case n == 0:
		return math.NaN()
	case i == 0:
		return m.count[0]
	case i == n:
		return m.count[n-1]
	}
	share := (hour - m.hours[i-1]) / (m.hours[i] - m.hours[i-1])
	return m.count[i-1] + share*(m.count[i]-m.count[i-1])
}

// rate returns operations per hour between two hours; NaN where none is known.
func (m meter) rate(from, to float64) float64 {
	if len(m.hours) < 2 || to <= from {
		return math.NaN()
	}
	return (m.at(to) - m.at(from)) / (to - from)
}
