package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// view is a report in words, for the HTML template.
type view struct {
	Report     Report
	Badge      string
	Sentence   string
	Began      string
	Length     string
	Ended      string
	Why        []string
	Causes     []Cause
	Evidence   []string
	Loads      []loadRow
	Rows       []seriesRow
	Own        []string
	Alerts     []alertRow
	Events     []eventRow
	MoreEvents string
	Plan       []fact
	Versions   []fact
	Reproduce  string
}

type loadRow struct {
	Errors                                                                          []string
	Name, Planned, Achieved, Operations, Failed, Late, Sessions, P50, P95, P99, Max string
}

type seriesRow struct {
	Name, Rule, Spark, Now, Growth, Interval, Detectable, Allowed, Why string
	Verdict                                                            soak.State
}

type alertRow struct {
	When, Rule, Reason string
	State              soak.AlertState
}

type eventRow struct{ When, What, Text string }

// mostEvents is the maximum number of events listed in a report; the run file has
// all of them.
const mostEvents = 500

func newView(r Report, c Charts) view {
	v := view{
		Report: r, Badge: strings.ToUpper(string(r.Verdict)), Sentence: Sentence(r), Began: r.Start.Format("2006-01-02 15:04 -07:00"), Length: human.Span(r.Duration), Ended: r.endWords(),
		Causes: r.Causes(), Evidence: evidenceLines(r), Plan: planFacts(r.Plan), Versions: versionFacts(r), Reproduce: Reproduce(r),
	}
	if r.Verdict != soak.Clean { // the sentence contains the reason of a clean run
		v.Why = r.Reasons
	}
	for _, l := range r.Load {
		v.Loads = append(v.Loads, loadRow{
			Name: l.Name, Errors: l.failures(), Planned: human.Rate(l.Planned), Achieved: human.Rate(l.Achieved), Operations: human.Integer(l.Operations),
			Failed: human.Integer(l.Failed), Late: human.Integer(l.Late), Sessions: human.Integer(l.Sessions),
			P50: seconds(l.Latency.P50), P95: seconds(l.Latency.P95), P99: seconds(l.Latency.P99), Max: seconds(l.Latency.Max),
		})
	}
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget || s.Rule != "" {
			v.Rows = append(v.Rows, newSeriesRow(s, c))
		}
	}
	v.Own = ownLines(r)
	for _, a := range r.Alerts {
		v.Alerts = append(v.Alerts, alertRow{When: when(r, a.At.Sub(r.Start)), Rule: a.Rule, State: a.State, Reason: a.Reason})
	}
	v.events(r)
	return v
}

func newSeriesRow(s Series, c Charts) seriesRow {
	return seriesRow{
		Name: label(s), Rule: s.Rule, Verdict: s.Verdict, Spark: sparkPath(human.Thin(c.curve(s.Process, s.Metric), 100), quantum(s.Unit)),
		Now: s.now(), Growth: s.growth(), Interval: s.interval(), Detectable: s.detectable(), Allowed: s.allowed(), Why: s.Why,
	}
}

func (v *view) events(r Report) {
	for i, e := range r.Events {
		if i == mostEvents {
			v.MoreEvents = fmt.Sprintf("and %s more", human.Integer(int64(len(r.Events)-i)))
			return
		}
		at := time.Duration(e.At * float64(time.Second))
		v.Events = append(v.Events, eventRow{When: when(r, at), What: strings.Join(strings.Fields(string(e.Kind)+" "+e.Load+" "+e.Name), " "), Text: e.Text})
	}
}

// when writes a time of a run as wall time and offset: 14:03 (+6 h 12 min).
func when(r Report, at time.Duration) string {
	return fmt.Sprintf("%s (%s)", human.Clock(r.Start.Add(at)), human.Offset(at))
}

// evidenceLines say what was sampled and what was missing.
func evidenceLines(r Report) []string {
	e := r.Evidence
	out := []string{fmt.Sprintf("%s of %s samples of the target, %s", human.Integer(int64(e.Samples)), human.Integer(int64(e.SamplesDue)), human.Count(e.Gaps, "gap"))}
	out = append(out, fmt.Sprintf("%s of the target, %s, %s", human.Count(e.Restarts, "restart"), human.Count(e.Rests, "rest sample"), e.profiles()))
	if s := e.snapshot(); s != "" {
		out = append(out, s)
	}
	if line := r.CPU.line(); line != "" {
		out = append(out, "machine: "+line)
	}
	n := 0
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget && s.Verdict != soak.NotJudged {
			n++
		}
	}
	out = append(out, fmt.Sprintf("%s of the target judged, %s recorded, %s of load planned", human.Count(n, "resource"), human.Span(r.Duration), human.Span(r.Planned)))
	return out
}

func bounds(values []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v == v {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi
}
