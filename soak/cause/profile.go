package cause

import (
	"fmt"
	"slices"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// Query selects the profiles of one kind in an interval of a run.
type Query struct {
	Process string
	Kind    string // of profile: "heap", "goroutine", "cpu", …
	From    time.Duration
	To      time.Duration
	By      profiles.By
}

// Rank ranks the places of a kind of profile by their growth, and returns the cost of
// the profiles. If there are none, the error lists the kinds that the run has.
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
		return profiles.Ranking{}, Cost{}, fmt.Errorf("the run has no %s profile of the %s in this interval; it has %s (set target.pprof, and profiles.kinds in the plan; for descriptors use --kind fds)", q.Kind, q.Process, kinds(metas))
	}
	s := read(src, thin(all))
	if s.course.Len() == 0 {
		return profiles.Ranking{}, Cost{}, fmt.Errorf("none of the %d %s profiles can be read", len(all), q.Kind)
	}
	return s.course.Rank(q.By, 0, forever), costOf(all), nil
}

// kinds lists the kinds of profile and their numbers.
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
		return "none: no URL of the target's /debug/pprof/ is known (set target.pprof)"
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

// Cost is the cost of profiles for their target.
type Cost struct {
	Snapshots int
	CPU       float64       // mean CPU seconds of the target during a fetch, including its other work
	Took      time.Duration // mean duration of a fetch
	Share     float64       // CPU time as a share of a core, at their interval; NaN with one snapshot
}

// costOf is the cost of the profiles of one kind.
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
	Grows bool    // significantly, and to the end
}

// Parts returns the series of some families of a process with their growth, the
// steepest first, without series that are 0 at both ends.
func Parts(src Source, process string, from, to time.Duration, families ...string) (all []Part) {
	f := &finder{src: src, names: src.Names()}
	for _, p := range f.every(Leak{Process: process, From: from, To: to, End: to}, families...) {
		if p.first != 0 || p.last != 0 {
			all = append(all, Part{p.name, p.first, p.last, p.Slope, p.Lasts && p.P <= chance})
		}
	}
	return all
}
