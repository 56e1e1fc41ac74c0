package detect

import "math"

// A sight is one view while it is examined. What is dear to find out is found
// out when it is first asked for, and kept.
type analysis struct {
	view
	quantum   float64
	rates     [][]float64
	plain     []float64 // without what the rates explain
	periodic  []period  // in the plain view; none before searched
	searched  bool
	found     fit
	modelled  bool // the courses are found,
	estimated bool // and the slope
	ok        bool // which is known
}

func (s *analysis) short() bool { return len(s.t) < leastPoints || s.span <= 0 }

// sights are all those of one life of the process.
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

// mayRise is false only where rises would be, whatever is found of the view.
func (s *analysis) mayRise() bool {
	if s.scale == 0 {
		return false
	}
	return rankTest(s.plain) || s.periods() != nil && rankTest(residualAfter(s.t, s.plain, waveColumns(s.t, s.periods())))
}

// mayAlarm is false only where the view, if it is the one that tells most,
// brings no alarm at the bound alpha.
func (s *analysis) mayAlarm(alpha float64) bool {
	if !s.mayRise() || s.models().changeHasEnded() {
		return false
	}
	f, ok := s.result()
	return ok && f.trend.cdf(0) < alpha
}

// examine finds what one life of the process shows. Of all views it returns
// the one in which the smallest growth would show; ok is false where all are
// too short.
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

// courses tells the view.
func (s *analysis) models() *fit {
	if !s.modelled {
		s.found, s.modelled = s.fitModels(), true
	}
	return &s.found
}

// look finds what the view shows.
func (s *analysis) result() (fit, bool) {
	if !s.estimated {
		s.found, s.ok = s.fitSlope(*s.models())
		s.estimated = true
	}
	return s.found, s.ok
}
