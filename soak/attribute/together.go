package attribute

import "gonum.org/v1/gonum/floats"

// Part is what one unit of a cause makes the resource grow by, where all causes
// are at work.
type Part struct {
	Estimate
	Sure bool // it makes it grow, beyond chance and by more than a little
}

// Together tells what each cause has of the growth beside all the others, as of
// loads that run alone in turns; false where they cannot be told apart.
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
