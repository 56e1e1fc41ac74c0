package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/human"
)

// StatementKind names what a statement says. The names are stable.
type StatementKind string

// The statements of this package.
const (
	OutsideHeap   StatementKind = "memory_outside_heap" // resident memory grows and the live heap does not explain it
	HeapFirst     StatementKind = "heap_not_resident"   // the live heap grows and resident memory does not yet
	PerConnection StatementKind = "per_connection"      // growth that disappears when the kept sessions close
	PerOperation  StatementKind = "per_operation"       // growth that follows the operations, where the load varied
	PerHour       StatementKind = "per_hour"            // growth that follows the time, where the load varied
	LatencyCreeps StatementKind = "latency_creeps"      // latency or service time rises under constant load
	RateFalls     StatementKind = "throughput_falls"    // fewer operations are achieved over time
)

// Statement is a conclusion from several series together, or from a series that is
// not a resource. It is shown in addition to the verdict and does not change it.
// Its JSON names are stable.
type Statement struct {
	Kind    StatementKind `json:"kind"`
	Process string        `json:"process"`
	Metrics []string      `json:"metrics"`
	Text    string        `json:"text"`
}

// Statements returns what can be concluded in addition to the verdicts of a run.
func Statements(h History, r Run, judged []Judged, d Detector) []Statement {
	out := append([]Statement{}, resident(judged)...)
	for _, j := range judged {
		if s, ok := follows(j); ok && j.ID.Process == soak.RoleTarget {
			out = append(out, s)
		}
	}
	return append(out, creeps(h, r, d)...)
}

// resident states what the verdicts on the live heap and on the memory outside it
// say together. It repeats their figures and concludes nothing from the resident set
// alone, so that it cannot contradict them.
func resident(judged []Judged) []Statement {
	heap, ok := of(judged, "go_heap_live_bytes")
	if !ok {
		return nil
	}
	perHour := func(v soak.Float) string { return human.Amount(v, "bytes") + "/h" }
	say := func(kind StatementKind, metric, text string, args ...any) []Statement {
		return []Statement{{kind, soak.RoleTarget, []string{metric, heap.ID.Metric}, fmt.Sprintf(text, args...)}}
	}
	if native, ok := of(judged, "native_bytes"); ok && native.Verdict.State == soak.Leaking {
		return say(OutsideHeap, "native_bytes", "memory outside the Go heap grows by %s, and the live heap by %s: look for native memory (cgo, mmap, thread stacks); a heap profile will not show it",
			perHour(native.Verdict.Slope), perHour(max(0, heap.Verdict.Slope)))
	}
	set, ok := of(judged, "rss_bytes")
	if l, r := heap.Verdict, set.Verdict; ok && l.State == soak.Leaking && r.State != soak.Leaking && r.Hi < l.Lo {
		return say(HeapFirst, "rss_bytes", "the live heap grows by %s, and rss_bytes by at most %s: it has free space from earlier, and will follow",
			perHour(l.Slope), perHour(max(0, r.Hi)))
	}
	return nil
}

func of(judged []Judged, metric string) (Judged, bool) {
	i := slices.IndexFunc(judged, func(j Judged) bool { return j.ID.Process == soak.RoleTarget && j.ID.Metric == metric })
	if i < 0 {
		return Judged{}, false
	}
	return judged[i], true
}

// follows states what the growth of a series follows, where that is identified.
func follows(j Judged) (Statement, bool) {
	v, name := j.Verdict, j.ID.Metric
	each := human.Amount(v.PerOperation, j.Metric.Unit) + " per operation"
	if j.Metric.Unit != "bytes" && v.PerOperation > 0 {
		each = fmt.Sprintf("one in %s operations", human.Amount(1/v.PerOperation, ""))
	}
	s := Statement{Process: j.ID.Process, Metrics: []string{name}}
	switch v.Follows {
	case soak.FollowsSessions:
		s.Kind, s.Text = PerConnection, fmt.Sprintf("the growth of %s disappears when the kept sessions close: it is held per connection", name)
	case soak.FollowsOperations:
		s.Kind, s.Text = PerOperation, fmt.Sprintf("%s grows with the operations, not with time: %s", name, each)
	case soak.FollowsTime:
		s.Kind, s.Text = PerHour, fmt.Sprintf("%s grows with time, independently of the load: %s/h", name, human.Amount(v.Slope, j.Metric.Unit))
	}
	return s, v.State == soak.Leaking && s.Kind != ""
}

// creep is the growth of a latency, or the loss of throughput, that is worth
// reporting: as much as may remain invisible in a clean series.
var creep = soak.Quantity{Value: 0.05, Percent: true, Per: soak.PerRun}

// creeps judges the latencies and rates of the load.
func creeps(h History, r Run, d Detector) (out []Statement) {
	phases := Phases(r.Plan.Load, r.Events, r.End)
	names := slices.DeleteFunc(slices.Clone(h.Names()), func(n soak.SeriesID) bool { return !creeping(n) })
	for _, n := range names {
		s, err := h.Series(n)
		if err != nil {
			continue // the report lists series that cannot be read
		}
		falls := s.Metric.Kind == soak.Counter
		if falls {
			s = lost(s)
		}
		v := d.Judge(soak.Question{Series: s, Phases: phases, Limit: math.NaN(), Tolerance: creep, Planned: r.planned(), Look: max(1, detect.Looks(r.End)), Family: len(names)})
		if v.State != soak.Leaking {
			continue
		}
		one := Statement{LatencyCreeps, n.Process, []string{n.Metric}, fmt.Sprintf("%s creeps up under a constant load: it %s", n.Metric, v.Reason)}
		if falls {
			one.Kind, one.Text = RateFalls, fmt.Sprintf("fewer operations are achieved over time: %s falls by %s/s per hour", n.Metric, human.Amount(v.Slope, ""))
		}
		out = append(out, one)
	}
	return out
}

// creeping are the 99 % quantiles of each load's latency and service time, and
// its operations.
func creeping(n soak.SeriesID) bool {
	if n.Process != soak.RoleDriver {
		return false
	}
	switch soak.Family(n.Metric) {
	case "latency_seconds", "service_seconds":
		return strings.Contains(n.Metric, `q="0.99"`)
	case "operations_total":
		return n.Metric != "operations_total" // of all loads together
	}
	return false
}

// lost converts a counter to its negated rate, so that a fall becomes growth.
// Intervals that span a pause of the load are left out.
func lost(s soak.Series) soak.Series {
	out := soak.Series{ID: s.ID, Metric: s.Metric, Breaks: s.Breaks}
	out.Metric.Kind, out.Metric.Quantum = soak.Gauge, 0
	var gaps []float64
	for i := 1; i < len(s.At); i++ {
		gaps = append(gaps, (s.At[i] - s.At[i-1]).Seconds())
	}
	if len(gaps) == 0 {
		return out
	}
	usual := slices.Sorted(slices.Values(gaps))[len(gaps)/2]
	for i, gap := range gaps {
		if gap > 0 && gap < 2*usual && s.Value[i+1] >= s.Value[i] {
			out.At, out.Value = append(out.At, s.At[i+1]), append(out.Value, -(s.Value[i+1]-s.Value[i])/gap)
		}
	}
	return out
}
