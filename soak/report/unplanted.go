package report

import (
	"fmt"
	"slices"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Unplanted is a kind of leak that could not be planted, in part or at all. A run
// that does not find it is not evidence against the detector.
type Unplanted struct {
	Kind  string `json:"kind"`
	Steps int    `json:"steps"` // minimum number of failed steps
	Why   string `json:"why"`
}

// unplanted adds up the events of each kind; their counts start again after a
// restart.
func (b *builder) unplanted(r *Report) {
	before := map[string]int{}
	for _, e := range b.events {
		if e.Kind != soak.EventPlant {
			continue
		}
		i := slices.IndexFunc(r.Unplanted, func(u Unplanted) bool { return u.Kind == e.Name })
		if i < 0 {
			i = len(r.Unplanted)
			r.Unplanted = append(r.Unplanted, Unplanted{Kind: e.Name})
		}
		u, n := &r.Unplanted[i], int(e.Value)
		if n <= before[e.Name] {
			before[e.Name] = 0
		}
		u.Steps += n - before[e.Name]
		before[e.Name], u.Why = n, e.Text
	}
}

// planting lists the planted leaks that failed: such a run cannot be clean.
func planting(r *Report) (out []string) {
	for _, u := range r.Unplanted {
		out = append(out, fmt.Sprintf("planting the %s leak failed at least %s: %s", u.Kind, human.Count(u.Steps, "time"), u.Why))
	}
	return out
}
