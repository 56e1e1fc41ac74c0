package detect

import (
	"math"
	"sort"

	"soakmon/soak"
)

// An operationCount is the cumulative number of the load's operations over time.
type operationCount struct {
	hours []float64
	count []float64
}

// follows determines whether the growth of a fit follows time or operations, where
// the rate of the load varied enough to distinguish them, and the growth per
// operation in the latter case.
func (m operationCount) follows(f *fit, quantum float64) (what soak.Follows, perOperation float64) {
	v := &f.view
	if len(m.hours) < 2 || v.scale == 0 {
		return "", 0
	}
	done := make([]float64, len(v.t))
	for i, t := range v.t {
		done[i] = m.at(v.origin + t*v.span)
	}
	total := done[len(done)-1] - done[0]
	if !(total > 0) {
		return "", 0
	}
	for i := range done {
		done[i] /= total
	}
	r := f.compare(quantum).late(f.growing)
	byTime := r.cost(f.growing.last(true))
	r.extra = append(r.extra, pick(done, r.kept))
	byOperations := r.cost(f.growing.last(false))
	switch {
	case byTime < byOperations-margin:
		return soak.FollowsTime, 0
	case byOperations < byTime-margin:
		s := f.growing.start()
		columns := [][]float64{ones(len(v.t))[s:], done[s:], v.y[s:]}
		tr := estimate(v.t[s:], columns, r.grid, r.floor).scaledBy(v.scale / total)
		return soak.FollowsOperations, tr.slope
	}
	return "", 0
}

// countOperations reads the operations series; resets are bridged.
func countOperations(s soak.Series) operationCount {
	var m operationCount
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

// at returns the operations done by the given hour, interpolated linearly between
// readings.
func (m operationCount) at(hour float64) float64 {
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

// rate returns the operations per hour between two hours; NaN where it is unknown.
func (m operationCount) rate(from, to float64) float64 {
	if len(m.hours) < 2 || to <= from {
		return math.NaN()
	}
	return (m.at(to) - m.at(from)) / (to - from)
}
