// Package judge puts the questions of a run to a detector: which series are
// judged, with which tolerance, over which phases, beside which rest samples.
//
// The running monitor and the report of a stored run both go through this
// package with the same reduction, so what was said live is what is said later.
// Everything here is a pure function of the run's series and events.
package judge

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

// History gives the series of a run.
type History interface {
	// Names lists every series.
	Names() []soak.Name
	// Series gives the steady part of a series (see [Steady]), raw or reduced.
	Series(process, name string) (soak.Series, error)
	// Value gives a series' value in the row taken at exactly that time, NaN
	// where there is none. It is asked for rest samples only.
	Value(process, name string, at time.Duration) float64
}

// Detector answers one question.
type Detector interface {
	Judge(q soak.Question) soak.Verdict
}

// Run is what is known of a run apart from its series.
type Run struct {
	Plan   soak.Plan
	Facts  soak.Facts
	Events []soak.Event
	End    time.Duration // of the recording so far
}

// Judged is one series and the answer on it.
type Judged struct {
	soak.Name
	Metric    soak.Metric
	Rule      *soak.Rule // the plan's rule that asked; nil for what is judged by default
	Tolerance float64    // growth per hour that was allowed
	Verdict   soak.Verdict
	Last      float64 // newest measured value in steady load
	Points    int     // measured values in steady load
	Covered   float64 // share of the steady load in which it was measured, 0 to 1
}

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
var roles = []string{soak.RoleTarget, soak.RoleDriver, soak.RoleMonitor}

// place is the index of a name in a list; names that are not in it come last.
func place(list []string, name string) int {
	if i := slices.Index(list, name); i >= 0 {
		return i
	}
	return len(list)
}

// All judges, as of the run's end so far, every series that is judged by
// default and every one that a rule of the plan names.
func All(h History, r Run, d Detector) ([]Judged, error) {
	subs := subjects(h.Names(), r.Plan)
	a := asker{history: h, run: r, detector: d, phases: Phases(r.Plan.Load, r.Events, r.End), rests: Rests(r.Events), family: len(subs)}
	a.operations, _ = h.Series(soak.RoleDriver, "operations_total") // none in a watch
	var out []Judged
	for _, s := range subs {
		j, err := a.ask(s)
		if err != nil {
			return nil, err
		}
		out = append(out, j)
	}
	return out, nil
}

// asker holds what the questions of one look have in common.
type asker struct {
	history    History
	run        Run
	detector   Detector
	phases     []soak.Phase
	rests      []Rest
	operations soak.Series
	family     int
}

// ask judges one series. What was measured in a part of the steady load only
// is never clean, whatever the detector makes of that part.
func (a *asker) ask(s subject) (Judged, error) {
	series, err := a.history.Series(s.Process, s.Name.Name)
	if err != nil {
		return Judged{}, err
	}
	j := Judged{Name: s.Name, Metric: series.Metric, Rule: s.rule, Covered: Covered(series, a.phases)}
	j.Tolerance = Tolerance(a.run.Plan, s.rule, series, slopePerHour(a.operations))
	j.Last, j.Points = newest(series)
	j.Verdict = a.detector.Judge(soak.Question{
		Series:     series,
		Rest:       a.restPoints(s.Name, series.Breaks),
		Operations: a.operations,
		Phases:     a.phases,
		Limit:      limit(a.run, s.Name),
		Tolerance:  soak.Quantity{Value: j.Tolerance, Per: soak.PerHour},
		Look:       max(1, detect.Looks(a.run.End)),
		Family:     a.family,
	})
	if why := unproven(series, j.Points, j.Covered); why != "" && j.Verdict.State == soak.Clean {
		j.Verdict.State, j.Verdict.Reason = soak.Inconclusive, why
	}
	return j, nil
}

// restPoints gives the readings at rest of one life of the process: a restart
// gives back all that was leaked, and must not look like shrinking. Of several
// lives the one with the most readings speaks, of equal ones the last.
func (a *asker) restPoints(n soak.Name, breaks []time.Duration) []soak.RestPoint {
	var best, life []soak.RestPoint
	for _, r := range a.rests {
		for len(breaks) > 0 && breaks[0] <= r.At {
			life, breaks = nil, breaks[1:]
		}
		v := a.history.Value(n.Process, n.Name, r.At)
		if math.IsNaN(v) {
			continue
		}
		life = append(life, soak.RestPoint{At: r.At, Value: v, Open: r.Open, Forced: r.Forced})
		if len(life) >= len(best) {
			best = life
		}
	}
	return best
}

// newest gives the last measured value and how many there are.
func newest(s soak.Series) (last float64, n int) {
	last = math.NaN()
	for i, v := range s.Value {
		if math.IsNaN(v) {
			continue
		}
		last = v
		if s.N == nil {
			n++
		} else {
			n += int(s.N[i])
		}
	}
	return last, n
}

// slopePerHour is the mean rate of a counter, NaN where it has no length.
func slopePerHour(s soak.Series) float64 {
	n := len(s.At)
	if n < 2 || s.At[n-1] <= s.At[0] {
		return math.NaN()
	}
	return (s.Value[n-1] - s.Value[0]) / (s.At[n-1] - s.At[0]).Hours()
}
