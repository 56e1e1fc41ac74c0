package attribute

import "gonum.org/v1/gonum/floats"

// Part is the growth of the resource per unit of a cause, next to all other
// causes.
type Part struct {
	Estimate
	Sure bool // the growth is significant and more than a little
}

// Together estimates the growth by each cause next to all the others, such as
// loads that run in turns; false where they cannot be distinguished.
func Together(t Table) (parts []Part, ok bool) {
	a := &asker{Table: t, total: floats.Sum(t.Growth), level: chance / float64(len(t.Done))}
	var all []int
	for i := range t.Done {
		all = append(all, i)
	}
	if len(t.Growth) < max(fewest, 2*len(all)) || !finite(t.Growth) {
		return nil, false
	}
	f, ok := a.fit(all...)
	if !ok {
		return nil, false
	}
	for i := range all {
		parts = append(parts, Part{f.estimate(i), a.total > 0 && f.needed(i)})
	}
	return parts, true
}
