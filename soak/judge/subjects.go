package judge

import (
	"cmp"
	"slices"
	"time"

	"soakmon/soak"
)

// families are judged by default in each process. In long runs anon_bytes
// replaces rss_bytes where it was measured: it excludes pages that the kernel can
// drop at any time, but it is read too rarely for a short run. Sockets in
// CLOSE_WAIT are judged separately: growth there is a diagnosis in itself.
var families = []string{"fds", `sockets{state="close_wait"}`, "goroutines", "threads", "children", "zombies", "go_heap_live_bytes", "anon_bytes", "rss_bytes"}

// Default reports whether a series is judged without a rule.
func Default(n soak.SeriesID, all []soak.SeriesID, duration time.Duration) bool {
	switch n.Metric {
	case "anon_bytes":
		return duration >= settledAfter
	case "rss_bytes":
		return duration < settledAfter || !slices.Contains(all, soak.SeriesOf(n.Process, "anon_bytes"))
	}
	return slices.Contains(families, n.Metric)
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
