package detect

import "math"

// A sight is one view while it is examined. What is dear to find out is found
// out when it is first asked for, and kept.
type sight struct {
	view
	quantum  float64
	rates    [][]float64
	plain    []float64 // without what the rates explain
	regular  []period  // in the plain view; none before searched
	searched bool
	found    finding
	told     bool // the courses are found,
	looked   bool // and the slope
	fine     bool // which is known
}

func (s *sight) short() bool { return len(s.t) < leastPoints || s.span <= 0 }

// sights are all those of one life of the process.
func sights(pts []point, quantum float64) (all []*sight) {
	for _, v := range views(pts) {
		s := &sight{view: v, quantum: quantum, rates: rateColumns(v.rate)}
		s.plain = without(v.t, v.y, s.rates)
		all = append(all, s)
	}
	return all
}

func (s *sight) periods() []period {
	if !s.searched && s.scale > 0 {
		s.regular = periods(s.t, s.plain)
	}
	s.searched = true
	return s.regular
}

// mayRise is false only where rises would be, whatever is found of the view.
func (s *sight) mayRise() bool {
	if s.scale == 0 {
		return false
	}
	return rises(s.plain) || s.periods() != nil && rises(without(s.t, s.plain, waves(s.t, s.periods())))
}

// mayAlarm is false only where the view, if it is the one that tells most,
// brings no alarm at the bound alpha.
func (s *sight) mayAlarm(alpha float64) bool {
	if !s.mayRise() || s.courses().ended() {
		return false
	}
	f, ok := s.look()
	return ok && f.trend.below(0) < alpha
}

// examine finds what one life of the process shows. Of all views it returns
// the one in which the smallest growth would show; ok is false where all are
// too short.
func examine(all []*sight, alpha float64) (best finding, ok bool) {
	least := math.Inf(1)
	alpha /= viewsTried
	for _, s := range all {
		f, fine := s.look()
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
func (s *sight) courses() *finding {
	if !s.told {
		s.found, s.told = s.tell(), true
	}
	return &s.found
}

// look finds what the view shows.
func (s *sight) look() (finding, bool) {
	if !s.looked {
		s.found, s.fine = s.measure(*s.courses())
		s.looked = true
	}
	return s.found, s.fine
}
