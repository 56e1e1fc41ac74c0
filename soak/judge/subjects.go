package judge

import (
	"cmp"
	"slices"
	"time"

	"soakmon/soak"
)

// families are judged by default in each process. In long runs anon_bytes takes
// the place of rss_bytes where it was measured: it leaves out pages that the
// kernel can drop at will, but it is read too seldom for a short run. Sockets in
// CLOSE_WAIT are judged by themselves: growth there is a diagnosis of its own.
var families = []string{"fds", `sockets{state="close_wait"}`, "goroutines", "threads", "children", "zombies", "go_heap_live_bytes", "anon_bytes", "rss_bytes"}

// Default reports whether a series is judged without being asked for.
func Default(n soak.SeriesID, all []soak.SeriesID, duration time.Duration) bool {
	switch n.Metric {
	case "anon_bytes":
		return duration >= settledAfter
	case "rss_bytes":
		return duration < settledAfter || !slices.Contains(all, soak.SeriesOf(n.Process, "anon_bytes"))
	}
	return slices.Contains(families, n.Metric)
}

// Matches reports whether a rule speaks of a series.
func Matches(r soak.Rule, n soak.SeriesID) bool {
	process := r.Process
	if process == "" {
		process = soak.RoleTarget
	}
	return n.Process == process && (r.Metric == n.Metric || r.Metric == soak.Family(n.Metric))
}

// subject is one thing to judge: a series, and the rule that asked for it.
type subject struct {
	id   soak.SeriesID
	rule *soak.Rule
}

func subjects(names []soak.SeriesID, p soak.Plan) []subject {
	var out []subject
	for _, n := range names {
		ruled := false
		for i := range p.Rules {
			if Matches(p.Rules[i], n) {
				out, ruled = append(out, subject{n, &p.Rules[i]}), true
			}
		}
		if !ruled && Default(n, names, p.Duration) {
			out = append(out, subject{id: n})
		}
	}
	slices.SortStableFunc(out, func(a, b subject) int {
		return cmp.Or(place(roles, a.id.Process)-place(roles, b.id.Process), place(families, a.id.Metric)-place(families, b.id.Metric), cmp.Compare(a.id.Metric, b.id.Metric))
	})
	return out
}

// roles in the order in which people want to read them.
var roles = []string{soak.RoleTarget, soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor}

// Place is where a series of a process stands among those that are judged.
func Place(name string) int { return place(families, name) }

// place is the index of a name in a list; names that are not in it come last.
func place(list []string, name string) int {
	if i := slices.Index(list, name); i >= 0 {
		return i
	}
	return len(list)
}
