package report

import (
	"fmt"
	"slices"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Unplanted is a kind of leak that was to be planted and could not be, in part
// or at all: a run that does not find it says nothing of the detector.
type Unplanted struct {
	Kind  string `json:"kind"`
	Steps int    `json:"steps"` // that failed, at the least
	Why   string `json:"why"`
}

// unplanted sums up the events of each kind, since a restart counts anew.
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

// planting says why a run with planted leaks is no proof.
func planting(r *Report) (out []string) {
	for _, u := range r.Unplanted {
		out = append(out, fmt.Sprintf("%s or more of the planted leak of kind %s could not be planted: %s", human.Count(u.Steps, "step"), u.Kind, u.Why))
	}
	return out
}
