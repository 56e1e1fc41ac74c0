package cause

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"

	"soakmon/soak"
	"soakmon/soak/attribute"
	"soakmon/soak/human"
)

// Isolation is how a resource of the target grows while each load runs alone.
// Its JSON names are stable.
type Isolation struct {
	Metric   string      `json:"metric"`
	Unit     string      `json:"unit"`
	Sentence string      `json:"sentence"`
	Grows    []string    `json:"grows_while"` // loads
	Loads    []LoadAlone `json:"loads"`
}

// LoadAlone is the growth while one load runs alone, with 95 % intervals.
type LoadAlone struct {
	Load           string     `json:"load"`
	Ran            soak.Float `json:"ran_s"` // measured seconds, without the first few of each turn
	PerHour        soak.Float `json:"per_hour"`
	PerHourLo      soak.Float `json:"per_hour_low"`
	PerHourHi      soak.Float `json:"per_hour_high"`
	PerOperation   soak.Float `json:"per_operation"`
	PerOperationLo soak.Float `json:"per_operation_low"`
	PerOperationHi soak.Float `json:"per_operation_high"`
}

// Isolate finds the loads of an isolated run with which a resource grows. It is nil if
// there are too few measurements.
func Isolate(src Source, l Leak, loads []soak.Workload, phases []soak.Phase) *Isolation {
	s, err := src.Series(soak.SeriesOf(l.Process, l.Metric))
	if err != nil || len(loads) == 0 {
		return nil
	}
	lines := append(counters(src, "planned_operations_total", loads), counters(src, "operations_total", loads)...)
	table := attribute.Blocks(attribute.Line{At: s.At, Value: s.Value}, lines, attribute.Stretches(l.From, l.To, s.Breaks, phases), s.Metric.Quantum)
	planned, done := table.Done[:len(loads)], table.Done[len(loads):]
	for i, w := range loads { // planned operations become hours of load
		for j := range planned[i] {
			planned[i][j] /= w.Rate * 3600
		}
		table.Error[i] /= w.Rate * 3600
	}
	table.Done, table.Error = planned, table.Error[:len(loads)]
	parts, ok := attribute.Together(table)
	if !ok {
		return nil
	}
	out := &Isolation{Metric: l.Metric, Unit: l.Unit, Grows: []string{}}
	for i, p := range parts {
		hours, operations := floats.Sum(planned[i]), floats.Sum(done[i])
		each := func(v float64) soak.Float { return soak.Float(v * hours / operations) }
		out.Loads = append(out.Loads, LoadAlone{
			Load: loads[i].Name, Ran: soak.Float(hours * 3600),
			PerHour: soak.Float(p.Each), PerHourLo: soak.Float(p.Lo), PerHourHi: soak.Float(p.Hi),
			PerOperation: each(p.Each), PerOperationLo: each(p.Lo), PerOperationHi: each(p.Hi),
		})
		if p.Sure {
			out.Grows = append(out.Grows, loads[i].Name)
		}
	}
	out.Sentence = thing(l.Metric) + "s " + out.words()
	return out
}

// counters are the series of a family, one for each load.
func counters(src Source, name string, loads []soak.Workload) (lines []attribute.Line) {
	for _, w := range loads {
		s, _ := src.Series(soak.SeriesOf(soak.RoleDriver, soak.LabelName(name, "load", w.Name))) // without the series there is no result
		lines = append(lines, atTallies(src, s))
	}
	return lines
}

// words says with which loads the resource grows. The others are ruled out if their
// growth is significantly less than that of any of these.
func (i *Isolation) words() string {
	var rest []LoadAlone
	least := soak.Float(0)
	for _, l := range i.Loads {
		switch {
		case !slices.Contains(i.Grows, l.Load):
			rest = append(rest, l)
		case least == 0 || l.PerHourLo < least:
			least = l.PerHourLo
		}
	}
	ruledOut := !slices.ContainsFunc(rest, func(l LoadAlone) bool { return !(l.PerHourHi < least) })
	switch {
	case len(i.Grows) == 0:
		return "do not grow significantly while any one load runs alone, so the leaking load is unknown"
	case len(rest) == 0:
		return "grow with every load alone"
	case ruledOut:
		return fmt.Sprintf("grow only while %s %s", and(i.Grows), runs(i.Grows))
	}
	return fmt.Sprintf("grow while %s %s; whether they also grow with the other loads is unknown", and(i.Grows), runs(i.Grows))
}

func and(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func runs(names []string) string {
	if len(names) == 1 {
		return "runs"
	}
	return "run"
}

// words is a line about one load.
func (l LoadAlone) words(metric, unit string) string {
	return fmt.Sprintf("%s: %s (95 %% %s), %s", l.Load, human.Growth(l.PerHour, unit), human.Interval(l.PerHourLo, l.PerHourHi, unit),
		amounts(Leak{Metric: metric, Unit: unit}, "an operation", l.PerOperation, l.PerOperationLo, l.PerOperationHi))
}

// Lines has a line about each load.
func (i *Isolation) Lines() (lines []string) {
	for _, l := range i.Loads {
		lines = append(lines, l.words(i.Metric, i.Unit))
	}
	return lines
}
