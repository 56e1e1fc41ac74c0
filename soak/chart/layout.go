package chart

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// The groups of charts, in the order in which people read them.
const (
	GroupLoad    = "load"
	GroupTarget  = soak.RoleTarget
	GroupDriver  = soak.RoleDriver
	GroupMonitor = soak.RoleMonitor
)

var groups = []string{GroupLoad, GroupTarget, GroupDriver, GroupMonitor}

// Chart is one picture: the lines that share its axes.
type Chart struct {
	ID    string `json:"id"` // stable: group and family with the labels that all lines share
	Group string `json:"group"`
	Title string `json:"title"`
	Unit  string `json:"unit"` // of the values; a rate is per second
	Rate  bool   `json:"rate,omitempty"`
	Stack bool   `json:"stack,omitempty"` // parts of a whole, drawn one upon the other
	First bool   `json:"first,omitempty"` // to be shown without being asked for
	Lines []Line `json:"lines"`
}

// Line is one series in a chart.
type Line struct {
	Process string `json:"process"`
	Name    string `json:"name"`
	Label   string `json:"label"`
}

// lineLabels tell the lines of one chart apart; all other labels tell charts apart.
var lineLabels = []string{"q", "state", "kind", "mode", "dir", "peer", "comm", "child", "mapping"}

// stacked are families whose labelled series are parts of a whole, and what a
// chart of them is called.
var stacked = map[string]string{
	"fds_kind": "fds by kind", "fds_file": "files by folder", "sockets": "sockets by state", "sockets_peer": "sockets by peer",
	"threads_comm": "threads by name", "children_comm": "children by name", "mapping_bytes": "memory by mapping",
}

// stackedFirst are those of them that everybody wants to see.
var stackedFirst = []string{"fds_kind", "sockets"}

// loadFirst are the families of the load that everybody wants to see, in order.
var loadFirst = []string{"operations", "latency"}

// countsOfOperations are drawn together, planned beside achieved.
var countsOfOperations = map[string]string{
	"planned_operations_total": "planned", "operations_total": "achieved",
	"failed_operations_total": "failed", "late_operations_total": "late",
}

// Layout sorts the series of a run into charts.
func Layout(names []soak.SeriesID, metrics []soak.Metric, p soak.Plan) []Chart {
	l := layout{metrics: metrics, plan: p, names: names, byID: map[string]*Chart{}}
	for _, n := range names {
		l.place(n)
	}
	out := make([]Chart, 0, len(l.byID))
	for _, c := range l.byID {
		slices.SortStableFunc(c.Lines, byLabel)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Chart) int {
		return cmp.Or(slices.Index(groups, a.Group)-slices.Index(groups, b.Group), l.rank(a)-l.rank(b), cmp.Compare(a.ID, b.ID))
	})
	return out
}

type layout struct {
	metrics []soak.Metric
	plan    soak.Plan
	names   []soak.SeriesID
	byID    map[string]*Chart
}

func (l *layout) place(n soak.SeriesID) {
	family, labels := split(n.Metric)
	m := l.metric(family)
	if family == "cpu_seconds_total" {
		m.Unit = "cores" // seconds of CPU time a second
	}
	c := Chart{Group: n.Process, Unit: m.Unit, Rate: m.Kind == soak.Counter, Title: family}
	line := Line{Process: n.Process, Name: n.Metric, Label: family}
	own, shared := partition(labels)
	if n.Process == soak.RoleDriver && isLoad(family) {
		c.Group = GroupLoad
	}
	switch label, counts := countsOfOperations[family]; {
	case counts && len(shared) == 0:
		return // the sum over all loads, which is there for the judge
	case counts:
		c.Title, line.Label = "operations", label
	case len(own) > 0:
		line.Label = strings.Join(own, " ")
		if title, parts := stacked[family]; parts {
			c.Title, c.Stack = title, true
		}
	case l.hasLabelled(n, family):
		line.Label = "all"
	}
	if load := shared["load"]; load != "" {
		c.Title = load + ": " + strings.TrimSuffix(c.Title, "_total")
	}
	c.Title = strings.TrimSuffix(c.Title, "_total")
	if c.Group == GroupLoad {
		c.Title = strings.TrimSuffix(c.Title, "_seconds") // of what everybody measures in it
	}
	c.First = c.Group == GroupTarget && (judge.Default(n, l.names, l.plan.Duration) || slices.Contains(stackedFirst, family) && len(own) > 0 || l.ruled(n)) || c.Group == GroupLoad && slices.Contains(loadFirst, baseTitle(c))
	c.ID = c.Group + "/" + c.Title
	if known := l.byID[c.ID]; known != nil {
		known.Lines, known.First = append(known.Lines, line), known.First || c.First
		return
	}
	c.Lines = []Line{line}
	l.byID[c.ID] = &c
}

func (l *layout) metric(family string) soak.Metric {
	if i := slices.IndexFunc(l.metrics, func(m soak.Metric) bool { return m.Name == family }); i >= 0 {
		return l.metrics[i]
	}
	if strings.HasSuffix(family, "_total") {
		return soak.Metric{Name: family, Unit: "count", Kind: soak.Counter}
	}
	return soak.Metric{Name: family, Unit: "count", Kind: soak.Gauge}
}

// hasLabelled reports whether the family has other series that are parts of n.
func (l *layout) hasLabelled(n soak.SeriesID, family string) bool {
	return slices.ContainsFunc(l.names, func(o soak.SeriesID) bool {
		return o.Process == n.Process && strings.HasPrefix(o.Metric, family+"{")
	})
}

func (l *layout) ruled(n soak.SeriesID) bool {
	return slices.ContainsFunc(l.plan.Rules, func(r soak.Rule) bool { return judge.Matches(r, n) })
}

// rank orders the charts of one group: what is shown first, as people ask for it.
func (l *layout) rank(c Chart) int {
	const last = 1000
	if !c.First {
		return last
	}
	if c.Group == GroupLoad {
		load, _, _ := strings.Cut(c.Title, ": ")
		at := slices.IndexFunc(l.plan.Load, func(w soak.Workload) bool { return w.Name == load })
		return len(loadFirst)*at + slices.Index(loadFirst, baseTitle(c))
	}
	return judge.Place(c.Lines[0].Name)
}

// baseTitle is the title without the load's name.
func baseTitle(c Chart) string {
	_, base, found := strings.Cut(c.Title, ": ")
	if !found {
		return c.Title
	}
	return base
}

// loadFamilies end in what only a load has.
var loadFamilies = []string{"operations", "sessions", "latency", "service", "connect", "pacer_lag", "errors", "sent_bytes", "received_bytes"}

func isLoad(family string) bool {
	return slices.ContainsFunc(loadFamilies, func(f string) bool { return strings.Contains(family, f) })
}

// byLabel keeps quantiles and kinds in their order, planned before achieved.
func byLabel(a, b Line) int {
	order := []string{"planned", "achieved", "failed", "late", "all", "p50", "p95", "p99", "max"}
	place := func(l Line) int {
		if i := slices.Index(order, l.Label); i >= 0 {
			return i
		}
		return len(order)
	}
	return cmp.Or(place(a)-place(b), cmp.Compare(a.Label, b.Label))
}

// split takes a series' name apart.
func split(name string) (family string, labels map[string]string) {
	family, rest, found := strings.Cut(name, "{")
	labels = map[string]string{}
	for found && rest != "" {
		key, value, ok := strings.Cut(rest, "=")
		quoted, err := strconv.QuotedPrefix(value)
		if !ok || err != nil {
			break
		}
		labels[key], _ = strconv.Unquote(quoted)
		rest = strings.TrimPrefix(value[len(quoted):], ",")
	}
	return family, labels
}

// partition parts the labels that tell lines apart, as text, from the others.
func partition(labels map[string]string) (own []string, shared map[string]string) {
	shared = map[string]string{}
	for _, key := range lineLabels {
		if v, ok := labels[key]; ok {
			own = append(own, written(key, v))
		}
	}
	for key, v := range labels {
		if !slices.Contains(lineLabels, key) {
			shared[key] = v
		}
	}
	return own, shared
}

// written is a label's value as people say it: 0.99 is p99.
func written(key, value string) string {
	q, err := strconv.ParseFloat(value, 64)
	if key != "q" || err != nil {
		return value
	}
	if q == 1 {
		return "max"
	}
	return "p" + strconv.FormatFloat(100*q, 'g', 4, 64)
}
