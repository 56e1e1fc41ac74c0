package compare

import (
	"fmt"
	"math"
	"path"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/report"
)

// Culprit is a place that grew in at least one of the runs.
type Culprit struct {
	Resource string       `json:"resource"`
	Place    string       `json:"place"`          // function and file, or the kernel's description; without the line, which moves from build to build
	Growth   []soak.Float `json:"slope_per_hour"` // its share of the leak in each run; null if it is not among the culprits there
	Unit     string       `json:"unit"`
	Change   string       `json:"change"` // "new": the base does not have it; "gone": the last run does not; "changed" or "same"
}

// The possible changes of a culprit.
const (
	New     = "new"
	Gone    = "gone"
	Changed = "changed"
)

// culpritChange is the relative difference above which a culprit's growth counts as
// changed.
const culpritChange = 0.2

// culprits lists the culprits in the findings of the runs.
func culprits(runs []report.Report) []Culprit {
	out := []Culprit{}
	at := map[string]int{}
	for i, r := range runs {
		for _, f := range r.Findings {
			for _, c := range f.Culprits {
				place := c.Detail
				if c.Function != "" {
					place = strings.TrimSpace(c.Function + " " + path.Base(c.File))
				}
				key := f.Resource + " " + place
				if _, seen := at[key]; !seen {
					at[key] = len(out)
					none := make([]soak.Float, len(runs))
					for k := range none {
						none[k] = soak.Float(math.NaN())
					}
					out = append(out, Culprit{Resource: f.Resource, Place: place, Growth: none, Unit: f.Unit})
				}
				out[at[key]].Growth[i] = f.Slope * c.Share
			}
		}
	}
	for i := range out {
		out[i].Change = out[i].change()
	}
	return out
}

func (c Culprit) change() string {
	base, last := float64(c.Growth[0]), float64(c.Growth[len(c.Growth)-1])
	switch {
	case math.IsNaN(base):
		return New
	case math.IsNaN(last):
		return Gone
	case math.Abs(last-base) > culpritChange*math.Abs(base):
		return Changed
	}
	return Same
}

// words formats a culprit's growth in each run.
func (c Culprit) words() []string {
	var out []string
	for i, g := range c.Growth {
		out = append(out, fmt.Sprintf("%s %s", letter(i), human.Growth(g, c.Unit)))
	}
	return out
}

// line is a culprit in one line.
func (c Culprit) line() string {
	return fmt.Sprintf("%s: %s %s (%s)", c.Change, c.Resource, c.Place, strings.Join(c.words(), ", "))
}
