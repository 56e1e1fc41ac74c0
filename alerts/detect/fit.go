package detect

import (
	"math"
	"slices"
)

// A fit is what one lifetime of the process shows in one view: the best growing
// and the best bounded model, and the slope of the last piece of the better one.
type fit struct {
	view     view
	growing  model
	bounded  model
	periods  []period
	trend    trend   // in units per hour
	runnerUp trend   // the slope of the growing model, where a bounded one was chosen but this is nearly as good
	onset    float64 // hours: where the last piece begins
}

// still reports whether all values of the view are equal.
func (f *fit) still() bool { return f.view.scale == 0 }

// chosen is the better of the two models.
func (f *fit) chosen() model {
	if f.bounded.cost < f.growing.cost {
		return f.bounded
	}
	return f.growing
}

// fitModels finds the best models of the view.
func (s *analysis) fitModels() (f fit) {
	f.view, f.onset = s.view, s.origin
	if s.short() || s.scale == 0 {
		return f
	}
	p := newPartition(s.t, s.floorVariance(s.quantum))
	f.growing, f.bounded = p.search(s.plain)
	if ps := s.periods(); ps != nil {
		f.tryPeriods(ps, p, s.plain)
	}
	return f
}

// fitSlope estimates the slope of the models that were fitted; it is false where
// the view is too short.
func (s *analysis) fitSlope(f fit) (fit, bool) {
	v := &f.view
	if s.short() {
		return f, false
	}
	if v.scale == 0 {
		f.trend = flatTrend(max(s.quantum, math.Abs(v.center)*1e-6) / v.span)
		return f, true
	}
	floor, c := v.floorVariance(s.quantum), f.chosen()
	if at := c.start(); at > 0 {
		f.onset = v.origin + v.t[at+1]*v.span
	}
	if c.tau > 0 && v.accelerates(c) {
		c.tau = 0
	}
	f.trend = f.slope(c, s.rates, floor)
	// A bounded model that hardly beats the growing one does not exclude growth at
	// that model's slope.
	if o := f.growing; !c.grows && o.cost < c.cost+margin && (o.start() != c.start() || o.step != c.step || o.tau != c.tau) {
		f.runnerUp = f.slope(o, s.rates, floor)
	}
	return f, f.trend.known()
}

// slope estimates the slope of the last piece of a model. The point at a change
// point may lie half before it and is left out.
func (f *fit) slope(c model, extra [][]float64, floor float64) trend {
	v := &f.view
	n, s := len(v.t), c.start()
	if s > 0 {
		s++
	}
	columns := [][]float64{ones(n)[s:]}
	if c.tau > 0 {
		columns = append(columns, approach(v.t[s:], c.tau), drift(v.t[s:], c.tau))
	}
	if c.step > 0 {
		columns = append(columns, after(n, c.step)[s:])
	}
	for _, c := range slices.Concat(extra, waveColumns(v.t, f.periods)) {
		columns = append(columns, c[s:])
	}
	columns = append(columns, v.t[s:], v.y[s:])
	return estimate(v.t[s:], columns, noises(1/float64(n), 1-v.t[s]), floor).scaledBy(v.scale / v.span)
}

// accelerates reports whether the exponential part of a model is neither a
// warm-up nor a peak at the start, but growth that becomes faster. Then only the
// mean slope of the last piece is known, and it cannot be extrapolated.
func (v *view) accelerates(c model) bool {
	t, y := v.t[c.start():], v.y[c.start():]
	var q normal
	q.fill([][]float64{ones(len(t)), approach(t, c.tau), t, y})
	q.factor()
	b := q.coefficients()
	return b[1] > 0 && b[2] >= b[1]/c.tau
}

// tryPeriods keeps the periods where they lower the cost of the models, their own
// parameters counted.
func (f *fit) tryPeriods(ps []period, p *partition, y []float64) {
	growing, bounded := p.search(residualAfter(f.view.t, y, waveColumns(f.view.t, ps)))
	parameters := 0
	for _, one := range ps {
		parameters += 1 + 2*one.harmonics
	}
	price := float64(parameters) * math.Log(float64(len(y)))
	growing.cost += price
	bounded.cost += price
	if min(growing.cost, bounded.cost) < min(f.growing.cost, f.bounded.cost) {
		f.growing, f.bounded, f.periods = growing, bounded, ps
	}
}

// flatTrend is the trend of a view in which all values are equal: growth by one step
// of its resolution over the span would have been visible. A step is a bound, not an
// estimate from n points, so its tail is normal.
func flatTrend(step float64) trend {
	return trend{parts: []part{{weight: 1, err: step / 2}}, dof: 1e6}
}

func ones(n int) []float64 {
	c := make([]float64, n)
	for i := range c {
		c[i] = 1
	}
	return c
}

// approach is an exponential decay from 1, the approach to a level.
func approach(t []float64, tau float64) []float64 {
	c, speed := make([]float64, len(t)), 1/tau
	for i, at := range t {
		c[i] = math.Exp((t[0] - at) * speed)
	}
	return c
}

// after is a unit step at a point.
func after(n, at int) []float64 {
	c := make([]float64, n)
	for i := at; i < n; i++ {
		c[i] = 1
	}
	return c
}

// drift is the derivative of the approach by the logarithm of its time constant.
// As a regressor it makes the fit account for the error of that constant.
func drift(t []float64, tau float64) []float64 {
	c := make([]float64, len(t))
	for i := range t {
		u := (t[i] - t[0]) / tau
		c[i] = u * math.Exp(-u)
	}
	return c
}

// rateColumns has one indicator for every planned rate but the first, so that a
// level that follows the load is not mistaken for growth.
func rateColumns(rate []float64) [][]float64 {
	var seen []float64
	var columns [][]float64
	for i, r := range rate {
		known := false
		for k, s := range seen {
			if s == r {
				known = true
				if k > 0 {
					columns[k-1][i] = 1
				}
			}
		}
		if !known && len(seen) < 7 {
			if seen = append(seen, r); len(seen) > 1 {
				columns = append(columns, make([]float64, len(rate)))
				columns[len(columns)-1][i] = 1
			}
		}
	}
	return columns
}
