package chart

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// The groups of charts, in the order of the page.
const (
	GroupLoad    = "load"
	GroupTarget  = soak.RoleTarget
	GroupDriver  = soak.RoleDriver
	GroupMonitor = soak.RoleMonitor
)

var groups = []string{GroupLoad, GroupTarget, GroupDriver, GroupMonitor}

// Chart is one picture: the lines that share its axes.
type Chart struct {
	ID    string `json:"id"` // stable: the group and the title
	Group string `json:"group"`
	Title string `json:"title"`
	Unit  string `json:"unit"` // of the values; a rate is per second
	Rate  bool   `json:"rate,omitempty"`
	Stack bool   `json:"stack,omitempty"` // the lines are parts of a whole and are stacked
	First bool   `json:"first,omitempty"` // shown by default
	Lines []Line `json:"lines"`
}

// Line is one series in a chart.
type Line struct {
	Process string `json:"process"`
	Name    string `json:"name"`
	Label   string `json:"label"`
}

// lineLabels distinguish the lines of one chart; all other labels distinguish
// charts.
var lineLabels = []string{"q", "state", "kind", "mode", "dir", "peer", "comm", "child", "mapping"}

// stacked are families whose labelled series are parts of a whole, with the titles
// of their charts.
var stacked = map[string]string{
	"fds_kind": "fds by kind", "fds_file": "files by folder", "sockets": "sockets by state", "sockets_peer": "sockets by peer",
	"threads_comm": "threads by name", "children_comm": "children by name", "mapping_bytes": "memory by mapping",
}

// stackedFirst are the stacked families that are shown by default.
var stackedFirst = []string{"fds_kind", "sockets"}

// loadFirst are the families of the load that are shown by default, in order.
var loadFirst = []string{"operations", "latency"}

// operationCounters are the lines of one chart.
var operationCounters = map[string]string{
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
	family, labels := n.Family(), maps.Collect(soak.Labels(n.Metric))
	m := l.metric(family)
	if strings.HasSuffix(family, "cpu_seconds_total") {
		m.Unit = "cores" // CPU seconds per second
	}
	c := Chart{Group: n.Process, Unit: m.Unit, Rate: m.Kind == soak.Counter, Title: family}
	line := Line{Process: n.Process, Name: n.Metric, Label: family}
	own, shared := partition(labels)
	if n.Process == soak.RoleDriver && isLoad(family) {
		c.Group = GroupLoad
	}
	switch label, counts := operationCounters[family]; {
	case counts && len(shared) == 0:
		return // the sum over all loads, recorded only for the judge
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
		c.Title = strings.TrimSuffix(c.Title, "_seconds") // latencies are always in seconds
	}
	c.First = l.isFirst(c, n, len(own) > 0)
	c.ID = c.Group + "/" + c.Title
	if known := l.byID[c.ID]; known != nil {
		known.Lines, known.First = append(known.Lines, line), known.First || c.First
		return
	}
	c.Lines = []Line{line}
	l.byID[c.ID] = &c
}

// isFirst reports whether a chart is shown by default: series of the target that are
// judged by default or by a rule, the main stacked families, and the main charts of
// each load.
func (l *layout) isFirst(c Chart, n soak.SeriesID, labelled bool) bool {
	switch c.Group {
	case GroupTarget:
		return judge.Default(n, l.names) || slices.Contains(stackedFirst, n.Family()) && labelled || l.ruled(n)
	case GroupLoad:
		return slices.Contains(loadFirst, baseTitle(c))
	}
	return false
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

// hasLabelled reports whether the family has labelled series, which are parts of n.
func (l *layout) hasLabelled(n soak.SeriesID, family string) bool {
	return slices.ContainsFunc(l.names, func(o soak.SeriesID) bool {
		return o.Process == n.Process && o.Metric != family && o.Family() == family
	})
}

func (l *layout) ruled(n soak.SeriesID) bool {
	return slices.ContainsFunc(l.plan.Rules, func(r soak.Rule) bool { return judge.Matches(r, n) })
}

// rank orders the charts of one group: those shown by default, then the others.
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

// baseTitle returns the title without the load's name.
func baseTitle(c Chart) string {
	_, base, found := strings.Cut(c.Title, ": ")
	if !found {
		return c.Title
	}
	return base
}

// loadFamilies are parts of the names of families that only a load has.
var loadFamilies = []string{"operations", "sessions", "latency", "service", "connect", "pacer_lag", "errors", "sent_bytes", "received_bytes"}

func isLoad(family string) bool {
	return slices.ContainsFunc(loadFamilies, func(f string) bool { return strings.Contains(family, f) })
}

// byLabel sorts quantiles and counters in their usual order, planned before
// achieved, and other lines by their label.
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

// partition separates the labels that distinguish lines, as text, from the others.
func partition(labels map[string]string) (own []string, shared map[string]string) {
	shared = map[string]string{}
	for _, key := range lineLabels {
		if v, ok := labels[key]; ok {
			own = append(own, labelText(key, v))
		}
	}
	for key, v := range labels {
		if !slices.Contains(lineLabels, key) {
			shared[key] = v
		}
	}
	return own, shared
}

// labelText returns the value of a label for people: the quantile 0.99 is p99.
func labelText(key, value string) string {
	q, err := strconv.ParseFloat(value, 64)
	if key != "q" || err != nil {
		return value
	}
	if q == 1 {
		return "max"
	}
	return "p" + strconv.FormatFloat(100*q, 'g', 4, 64)
}
