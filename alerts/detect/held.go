package detect

import "slices"

// contradicts reports whether a trend contradicts growth that was shown before: it
// excludes half of it, or growth above the tolerance is less likely than none.
func (t *trend) contradicts(shown, tolerance float64) bool {
	return t.quantile(1-suspicion) < shown/2 || t.cdf(tolerance) > 0.5
}

// gaveBack reports whether the view rose, fell back, and is left by the fall with
// less than half of the growth that was shown before.
func (f *fit) gaveBack(shown float64) bool {
	v := &f.view
	if !f.fellBackBefore() {
		return false
	}
	peak := f.peakUntil(f.lastChange())
	low, after := least(v.y[:peak+1]), peak+least(v.y[peak:])
	return (v.y[after]-v.y[low])*v.scale < shown/2*(v.t[after]-v.t[low])*v.span
}

// peakUntil is the index of the highest value until a time.
func (f *fit) peakUntil(at float64) (peak int) {
	for i, t := range f.view.t {
		if t <= at && f.view.y[i] > f.view.y[peak] {
			peak = i
		}
	}
	return peak
}

// least is the index of the lowest value.
func least(v []float64) int { return slices.Index(v, slices.Min(v)) }

// holds reports whether growth that an earlier look has shown still stands. That
// look spent the error probability of a false alarm and excluded every other
// explanation, so neither is asked for again. The verdict stays until the samples
// contradict that growth: by its slope, and by that of the growing model where it is
// nearly as good as the bounded one; or by falling back.
func (e *evidence) holds(shown float64) bool {
	load, rest := &e.load, &e.rest
	if !load.known() {
		return rest.test.known() && rest.sustained && !rest.test.trend.contradicts(shown, e.tolerance)
	}
	if slices.ContainsFunc(load.lifetimes, func(l lifetime) bool { return l.gaveBack(shown) }) {
		return false
	}
	grows := func(l lifetime) bool { return l.runnerUp.known() && !l.runnerUp.contradicts(shown, e.tolerance) }
	return !load.trend.contradicts(shown, e.tolerance) || slices.ContainsFunc(load.lifetimes, grows)
}
