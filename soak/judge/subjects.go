package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// families are judged by default in each process. In long runs anon_bytes takes
// the place of rss_bytes where it was measured: it leaves out pages that the
// kernel can drop at will, but it is read too seldom for a short run. Sockets in
// CLOSE_WAIT are judged by themselves: growth there is a diagnosis of its own.
var families = []string{"fds", `sockets{state="close_wait"}`, "goroutines", "threads", "children", "zombies", "go_heap_live_bytes", "anon_bytes", "rss_bytes"}

// Family strips the labels of a series' name.
func Family(name string) string {
	family, _, _ := strings.Cut(name, "{")
	return family
}

// Default reports whether a series is judged without being asked for.
func Default(n soak.Name, all []soak.Name, duration time.Duration) bool {
	switch n.Name {
	case "anon_bytes":
		return duration >= settledAfter
	case "rss_bytes":
		return duration < settledAfter || !slices.Contains(all, soak.Name{Process: n.Process, Name: "anon_bytes"})
	}
	return slices.Contains(families, n.Name)
}

// Matches reports whether a rule speaks of a series.
func Matches(r soak.Rule, n soak.Name) bool {
	process := r.Process
	if process == "" {
		process = soak.RoleTarget
	}
	return n.Process == process && (r.Metric == n.Name || r.Metric == Family(n.Name))
}

// subject is one thing to judge: a series, and the rule that asked for it.
type subject struct {
	soak.Name
	rule *soak.Rule
}

func subjects(names []soak.Name, p soak.Plan) []subject {
	var out []subject
	for _, n := range names {
		ruled := false
		for i := range p.Rules {
			if Matches(p.Rules[i], n) {
				out, ruled = append(out, subject{n, &p.Rules[i]}), true
			}
		}
		if !ruled && Default(n, names, p.Duration) {
			out = append(out, subject{Name: n})
		}
	}
	slices.SortStableFunc(out, func(a, b subject) int {
		return cmp.Or(place(roles, a.Process)-place(roles, b.Process), place(families, a.Name.Name)-place(families, b.Name.Name), cmp.Compare(a.Name.Name, b.Name.Name))
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
