package cause

import (
	"maps"
	"math"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/attribute"
)

// With is what the growth of a resource is proportional to: time, or an activity of
// one of the loads. Its JSON names are stable.
type With struct {
	Sentence string `json:"sentence"`
	Only     bool   `json:"only"`              // Named explains all of the growth
	Named    []Kind `json:"named,omitempty"`   // the kind that explains the growth, or two that are both needed
	Rivals   []Kind `json:"rivals,omitempty"`  // kinds that each explain the growth and cannot be distinguished
	Not      []Kind `json:"not,omitempty"`     // kinds that are ruled out
	AtRest   AtRest `json:"at_rest,omitempty"` // if it may grow with time
}

// Kind is time or an activity of a load, with which a resource may grow.
type Kind struct {
	What  soak.Follows `json:"what"`
	Dirty string       `json:"dirty,omitempty"` // kind of dirty sessions
	Load  string       `json:"load,omitempty"`  // empty for time, and for all loads together
	Each  soak.Float   `json:"each,omitempty"`  // growth per event; for time, per hour
	Lo    soak.Float   `json:"each_low,omitempty"`
	Hi    soak.Float   `json:"each_high,omitempty"` // 95 % interval
	Share soak.Float   `json:"share,omitempty"`     // of the growth, 0 to 1
}

// GrowsWith finds what a leaking resource grows with. It is nil if there are too few
// measurements: in a watch, or in a short run. phases are those of the run.
func GrowsWith(src Source, l Leak, loads []soak.Workload, phases []soak.Phase) *With {
	s, err := src.Series(soak.SeriesOf(l.Process, l.Metric))
	if err != nil || len(loads) == 0 {
		return nil
	}
	kinds, lines := regressors(src, s, loads)
	table := attribute.Blocks(attribute.Line{At: s.At, Value: s.Value}, lines, attribute.Stretches(l.From, l.To, s.Breaks, phases), s.Metric.Quantum)
	a, ok := attribute.Ask(table)
	if !ok {
		return nil
	}
	estimated := func(all []attribute.Estimate) (out []Kind) {
		for _, e := range all {
			k := kinds[e.Cause]
			k.Each, k.Lo, k.Hi, k.Share = soak.Float(e.Each), soak.Float(e.Lo), soak.Float(e.Hi), soak.Float(e.Share)
			out = append(out, k)
		}
		return out
	}
	w := &With{Only: a.Alone, Named: estimated(a.Named), Rivals: estimated(a.Rivals)}
	for _, i := range a.Excluded {
		w.Not = append(w.Not, kinds[i])
	}
	var pauses string
	if byTime := func(k Kind) bool { return k.What == soak.FollowsTime }; slices.ContainsFunc(slices.Concat(w.Named, w.Rivals), byTime) {
		w.AtRest, pauses = resting(s, l, phases)
		w.rested()
	}
	w.Sentence = join(w.words(l, loads), pauses)
	return w
}

// Follows is time or operations, where that is the only cause of the growth, and
// empty otherwise.
func (w *With) Follows() soak.Follows {
	if !w.Only || len(w.Named) != 1 {
		return ""
	}
	if what := w.Named[0].What; what == soak.FollowsTime || what == soak.FollowsOperations {
		return what
	}
	return ""
}

// regressors are the kinds that occur in the run, each with its counter.
func regressors(src Source, resource soak.Series, loads []soak.Workload) (kinds []Kind, lines []attribute.Line) {
	hours := make([]float64, len(resource.At))
	for i, t := range resource.At {
		hours[i] = t.Hours()
	}
	kinds, lines = []Kind{{What: soak.FollowsTime}}, []attribute.Line{{At: resource.At, Value: hours, Clock: true}}
	add := func(k Kind, names ...string) {
		if l, ok := summed(src, names); ok {
			kinds, lines = append(kinds, k), append(lines, l)
		}
	}
	for _, w := range loads {
		add(Kind{What: soak.FollowsOperations, Load: w.Name}, soak.LabelName("operations_total", "load", w.Name))
		if w.PerSession > 1 { // otherwise sessions are never renewed, or equal the operations
			add(Kind{What: soak.FollowsSessions, Load: w.Name}, soak.LabelName("sessions_total", "load", w.Name))
		}
		add(Kind{What: soak.FollowsFailed, Load: w.Name}, soak.LabelName("failed_operations_total", "load", w.Name))
		for _, dirty := range slices.Sorted(maps.Keys(w.Dirty)) {
			// They count from their start, which is when they take what may leak.
			add(Kind{What: soak.FollowsDirty, Dirty: dirty, Load: w.Name}, soak.LabelName("dirty_sessions_total", "kind", dirty, "load", w.Name), soak.LabelName("open_dirty_sessions", "kind", dirty, "load", w.Name))
		}
	}
	if len(loads) > 1 { // the sum may be as steady as time
		add(Kind{What: soak.FollowsOperations}, "operations_total")
	}
	return kinds, lines
}

// atTallies shifts a driver counter back to the times its values were taken. A tally
// waits for the next row, and on a busy machine that time varies.
func atTallies(src Source, s soak.Series) (out attribute.Line) {
	ages, err := src.Series(soak.SeriesOf(soak.RoleDriver, "tally_age_seconds"))
	known := err == nil && slices.Equal(ages.At, s.At)
	for i, at := range s.At {
		if known && ages.Value[i] > 0 && ages.Value[i] < longestAge {
			at -= time.Duration(ages.Value[i] * float64(time.Second))
		}
		if n := len(out.At); !math.IsNaN(s.Value[i]) && (n == 0 || at > out.At[n-1]) {
			out.At, out.Value = append(out.At, at), append(out.Value, s.Value[i])
		}
	}
	return out
}

// longestAge is the maximum age of a tally in seconds. Above it the wall clock was
// changed in between.
const longestAge = 60

// summed is the sum of series of the driver with the same times. It is false if the
// first of them does not exist.
func summed(src Source, names []string) (attribute.Line, bool) {
	first, err := src.Series(soak.SeriesOf(soak.RoleDriver, names[0]))
	if err != nil {
		return attribute.Line{}, false
	}
	first.Value = slices.Clone(first.Value)
	for _, name := range names[1:] {
		s, err := src.Series(soak.SeriesOf(soak.RoleDriver, name))
		if err == nil && slices.Equal(s.At, first.At) {
			for i, v := range s.Value {
				first.Value[i] += v
			}
		}
	}
	return atTallies(src, first), true
}
