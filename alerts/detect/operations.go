package detect

import (
	"math"
	"sort"
	"time"

	"soakmon/soak"
	"soakmon/soak/attribute"
)

// An operationCount is the cumulative number of the load's operations over time.
type operationCount struct {
	hours []float64
	count []float64
}

// identify determines whether growth follows time or operations, and the growth per
// operation in the latter case. Where the rate of the load was constant, or varied by
// no more than the error of reading it, that is unknown.
func (c *inquiry) identify(from time.Duration) (what soak.Follows, perOperation float64) {
	const byTime, byOperations = 0, 1
	var resource, clock, operations attribute.Line
	for _, p := range c.pts {
		at := duration(p.t)
		resource.At, resource.Value = append(resource.At, at), append(resource.Value, p.mid)
		clock.Value = append(clock.Value, p.t)
	}
	clock.At, clock.Clock = resource.At, true
	for i, h := range c.operations.hours {
		operations.At, operations.Value = append(operations.At, duration(h)), append(operations.Value, c.operations.count[i])
	}
	operations.Age = attribute.Apart(operations.At) // a tally waits for its row
	phases := c.q.Phases
	if len(phases) == 0 {
		phases = []soak.Phase{{Name: soak.PhaseSteady, To: math.MaxInt64}}
	}
	stretches := attribute.Stretches(from, duration(c.end()), c.q.Series.Breaks, phases)
	a, ok := attribute.Ask(attribute.Blocks(resource, []attribute.Line{byTime: clock, byOperations: operations}, stretches, c.quantum))
	switch {
	case !ok || len(a.Named) != 1 || !a.Alone:
		return "", 0
	case a.Named[0].Cause == byOperations:
		return soak.FollowsOperations, a.Named[0].Each
	}
	return soak.FollowsTime, 0
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
