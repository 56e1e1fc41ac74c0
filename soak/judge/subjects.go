package judge

import (
	"cmp"
	"slices"

	"soakmon/soak"
)

// families are judged by default in each process, in the order in which they are
// listed. Sockets in CLOSE_WAIT are judged separately: growth there is a diagnosis in
// itself. Which series of memory are judged depends on those that a process has.
var families = append([]string{"fds", `sockets{state="close_wait"}`, "goroutines", "threads", "children", "zombies"}, memoryFamilies...)

// Default reports whether a series is judged or shown without a rule. If the series
// of the run are not known yet, it may be.
func Default(n soak.SeriesID, all []soak.SeriesID) bool {
	if !slices.Contains(memoryFamilies, n.Metric) || all == nil {
		return slices.Contains(families, n.Metric)
	}
	return useOf(n.Process, n.Metric, all) != unused
}

// Matches reports whether a rule applies to a series.
func Matches(r soak.Rule, n soak.SeriesID) bool {
	process := r.Process
	if process == "" {
		process = soak.RoleTarget
	}
	return n.Process == process && (r.Metric == n.Metric || r.Metric == soak.Family(n.Metric))
}

// subject is a series to judge, and the rule that asks for it.
type subject struct {
	id   soak.SeriesID
	rule *soak.Rule
	use  use
}

// short reports whether the series has the tolerance of a short run.
func (s subject) short(p soak.Plan, series soak.Series) bool {
	return s.rule == nil && s.use != shown && series.Metric.Unit == "bytes" && p.Duration < settledAfter && !tolerated(p, s.id)
}

func subjects(names []soak.SeriesID, p soak.Plan) []subject {
	var out []subject
	for _, n := range names {
		ruled := false
		for i := range p.Rules {
			if Matches(p.Rules[i], n) {
				out, ruled = append(out, subject{n, &p.Rules[i], judged}), true
			}
		}
		if !ruled && Default(n, names) {
			s := subject{id: n, use: judged}
			if slices.Contains(memoryFamilies, n.Metric) {
				s.use = useOf(n.Process, n.Metric, names)
			}
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b subject) int {
		return cmp.Or(place(roles, a.id.Process)-place(roles, b.id.Process), place(families, a.id.Metric)-place(families, b.id.Metric), cmp.Compare(a.id.Metric, b.id.Metric))
	})
	return out
}

// roles in the order in which verdicts are listed.
var roles = []string{soak.RoleTarget, soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor}

// Place is the position of a series among those of a process that are judged.
func Place(name string) int { return place(families, name) }

// place is the index of a name in a list; unlisted names come last.
func place(list []string, name string) int {
	if i := slices.Index(list, name); i >= 0 {
		return i
	}
	return len(list)
}
