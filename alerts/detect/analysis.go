package detect

import "math"

// An analysis is a view with what was found in it. Each result is computed when it
// is first needed, and kept.
type analysis struct {
	view
	quantum   float64
	rates     [][]float64
	plain     []float64 // residual after the rates of the load
	periodic  []period  // periods of plain; none before searched
	searched  bool
	found     fit
	modelled  bool // found has the models,
	estimated bool // and the slope,
	ok        bool // which is known
}

func (s *analysis) short() bool { return len(s.t) < leastPoints || s.span <= 0 }

// analyze returns an analysis of each view of one lifetime of the process.
func analyze(pts []point, quantum float64) (all []*analysis) {
	for _, v := range views(pts) {
		s := &analysis{view: v, quantum: quantum, rates: rateColumns(v.rate)}
		s.plain = residualAfter(v.t, v.y, s.rates)
		all = append(all, s)
	}
	return all
}

func (s *analysis) periods() []period {
	if !s.searched && s.scale > 0 {
		s.periodic = periods(s.t, s.plain)
	}
	s.searched = true
	return s.periodic
}

// mayRise is false only where the rank test of the fit would be, whatever the fit
// turns out to be.
func (s *analysis) mayRise() bool {
	if s.scale == 0 {
		return false
	}
	return rankTest(s.plain) || s.periods() != nil && rankTest(residualAfter(s.t, s.plain, waveColumns(s.t, s.periods())))
}

// mayAlarm is false only where the view, if it were the most sensitive one, would
// raise no alarm at the bound alpha.
func (s *analysis) mayAlarm(alpha float64) bool {
	if !s.mayRise() || s.models().changeHasEnded() {
		return false
	}
	f, ok := s.result()
	return ok && f.trend.cdf(0) < alpha
}

// examine returns the fit of the view in which the smallest growth would be
// visible; ok is false where all views are too short.
func examine(all []*analysis, alpha float64) (best fit, ok bool) {
	least := math.Inf(1)
	alpha /= viewsTried
	for _, s := range all {
		f, fine := s.result()
		if !fine {
			continue
		}
		if d := f.trend.detectable(alpha); d < least {
			best, least, ok = f, d, true
		}
	}
	return best, ok
}

// models fits the models of the view.
func (s *analysis) models() *fit {
	if !s.modelled {
		s.found, s.modelled = s.fitModels(), true
	}
	return &s.found
}

// result fits the models of the view and their slope.
func (s *analysis) result() (fit, bool) {
	if !s.estimated {
		s.found, s.ok = s.fitSlope(*s.models())
		s.estimated = true
	}
	return s.found, s.ok
}
