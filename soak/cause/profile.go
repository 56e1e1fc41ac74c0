package cause

import (
	"fmt"
	"slices"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// Query asks how the profiles of one kind went over a stretch of a run.
type Query struct {
	Process string
	Kind    string // of profile: "heap", "goroutine", "cpu", …
	From    time.Duration
	To      time.Duration
	By      profiles.By
}

// Rank ranks the places of a kind of profile by their growth. Told is what the
// snapshots cost. The error says which kinds there are.
func Rank(src Source, q Query) (profiles.Ranking, Cost, error) {
	metas, err := src.Profiles()
	if err != nil {
		return profiles.Ranking{}, Cost{}, err
	}
	var all []soak.ProfileMeta
	for _, m := range metas {
		if m.Kind == q.Kind && m.Process == q.Process && m.At >= q.From && m.At <= q.To {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return profiles.Ranking{}, Cost{}, fmt.Errorf("the run has no %s profile of the %s in this stretch; it has %s (a plan names kinds in profiles.kinds)", q.Kind, q.Process, kinds(metas))
	}
	s := read(src, thin(all))
	if s.course.Len() == 0 {
		return profiles.Ranking{}, Cost{}, fmt.Errorf("none of %d %s profiles can be read", len(all), q.Kind)
	}
	return s.course.Rank(q.By, 0, forever), costOf(all), nil
}

// kinds says what profiles there are.
func kinds(metas []soak.ProfileMeta) string {
	count := map[string]int{}
	var names []string
	for _, m := range metas {
		if count[m.Kind] == 0 {
			names = append(names, m.Kind)
		}
		count[m.Kind]++
	}
	if len(names) == 0 {
		return "none at all: the target serves no /debug/pprof/ that soak knows of"
	}
	slices.Sort(names)
	text := ""
	for _, n := range names {
		text = joinComma(text, fmt.Sprintf("%d of %s", count[n], n))
	}
	return text
}

func joinComma(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// Cost is what snapshots cost their target.
type Cost struct {
	Snapshots int
	CPU       float64       // CPU seconds of the target during one, on average; its other work included
	Took      time.Duration // one, on average
	Share     float64       // of a core, at their distance; NaN with one snapshot
}

// costOf sums the cost of the snapshots of one kind.
func costOf(metas []soak.ProfileMeta) Cost {
	c := Cost{Snapshots: len(metas)}
	var cpu float64
	var took time.Duration
	for _, m := range metas {
		cpu += float64(m.CPU)
		took += m.Took
	}
	c.CPU, c.Took = cpu/float64(len(metas)), took/time.Duration(len(metas))
	c.Share = c.CPU * float64(len(metas)-1) / (metas[len(metas)-1].At - metas[0].At).Seconds()
	return c
}

// Part is the growth of one series of a family.
type Part struct {
	Name  string
	First float64
	Last  float64
	Slope float64 // per hour
	Grows bool    // for certain, and to the end
}

// Parts gives the series of some families of a process and their growth, the
// steepest first; those that are always 0 are left out.
func Parts(src Source, process string, from, to time.Duration, families ...string) (all []Part) {
	f := &finder{src: src, names: src.Names()}
	for _, p := range f.every(Leak{Process: process, From: from, To: to, End: to}, families...) {
		if p.first != 0 || p.last != 0 {
			all = append(all, Part{p.name, p.first, p.last, p.Slope, p.Lasts && p.P <= chance})
		}
	}
	return all
}
