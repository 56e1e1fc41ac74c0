package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/report"
)

// key identifies a row.
type key struct{ kind, process, metric string }

// rows returns a row for every quantity of any of the runs, in their order.
func rows(runs []report.Report) []Row {
	var out []Row
	at := map[key]int{}
	cell := func(k key, unit string, run int) *Cell {
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			row := Row{Kind: k.kind, Process: k.process, Metric: k.metric, Unit: unit, Against: []Change{}}
			for range runs {
				row.Cells = append(row.Cells, unknown())
			}
			out = append(out, row)
		}
		return &out[i].Cells[run]
	}
	for i, r := range runs {
		for _, s := range r.Series {
			if s.Process == soak.RoleTarget && s.Verdict != soak.NotJudged {
				*cell(key{Growth, s.Process, s.Metric}, s.Unit, i) = growthCell(s)
			}
		}
	}
	for i, r := range runs {
		for _, l := range r.Levels {
			*cell(key{kindOf(l), l.Process, l.Metric}, l.Unit, i) = Cell{Value: l.Mean, Lo: l.Lo, Hi: l.Hi, se: float64(l.Error)}
		}
	}
	order := []string{Growth, Level, Latency, Throughput}
	slices.SortStableFunc(out, func(a, b Row) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	return out
}

func unknown() Cell {
	nan := soak.Float(math.NaN())
	return Cell{Value: nan, Lo: nan, Hi: nan, se: math.NaN()}
}

// growthCell is a slope with its 95 % interval.
func growthCell(s report.Series) Cell {
	width := distuv.UnitNormal.Quantile(0.975) - distuv.UnitNormal.Quantile(0.025)
	return Cell{Value: s.Slope, Lo: s.Lo, Hi: s.Hi, Verdict: s.Verdict, se: float64(s.Hi-s.Lo) / width}
}

func kindOf(l report.Level) string {
	switch {
	case l.Rate:
		return Throughput
	case strings.HasPrefix(l.Metric, "latency_seconds"):
		return Latency
	}
	return Level
}

// write formats a value of a row.
func (r Row) write(v soak.Float, signed bool) string {
	if v != v {
		return human.Unknown
	}
	text := human.Amount(v, r.Unit)
	if signed {
		text = human.Signed(v, r.Unit)
	}
	switch r.Kind {
	case Growth:
		return text + "/h"
	case Throughput:
		return text + "/s"
	}
	return text
}

// value is a cell with its interval.
func (r Row) value(c Cell) string {
	value := c.Value
	if r.Kind == Growth {
		value = human.Vanishing(c.Value, c.Lo, c.Hi)
	}
	text := r.write(value, r.Kind == Growth)
	if c.Lo == c.Lo && c.Hi == c.Hi {
		text += fmt.Sprintf(" (%s … %s)", human.Amount(c.Lo, r.Unit), human.Amount(c.Hi, r.Unit))
	}
	return text
}

// changed is a change in words: "+12 MiB (+8.1 %)".
func (r Row) changed(c Change) string {
	if c.Change == Undecided {
		return "undecided"
	}
	text := r.write(c.Difference, true)
	if c.Share == c.Share && !math.IsInf(float64(c.Share), 0) {
		text += fmt.Sprintf(" (%s %%)", human.Signed(100*float64(c.Share), ""))
	}
	return text
}

// title names a row.
func (r Row) title() string {
	name := r.Metric
	if r.Process != soak.RoleTarget && r.Kind == Level {
		name = r.Process + " " + name
	}
	return name
}

// summary says in one sentence what differs.
func (c Comparison) summary() string {
	var worse, better []string
	undecided, same := 0, 0
	for _, r := range c.Rows {
		for i, change := range r.Against {
			name := r.Kind + " of " + r.title()
			if r.Kind != Growth && r.Kind != Level {
				name = r.title()
			}
			if len(c.Runs) > 2 {
				name += fmt.Sprintf(" in %s", letter(i+1))
			}
			switch change.Change {
			case Worse:
				worse = append(worse, name)
			case Better:
				better = append(better, name)
			case Undecided:
				undecided++
			default:
				same++
			}
		}
	}
	parts := []string{}
	if len(worse) > 0 {
		parts = append(parts, "worse: "+list(worse))
	}
	if len(better) > 0 {
		parts = append(parts, "better: "+list(better))
	}
	if len(parts) == 0 {
		parts = append(parts, "no significant difference")
	}
	return fmt.Sprintf("%s (%d unchanged, %d undecided)", strings.Join(parts, "; "), same, undecided)
}

// mostNamed is the maximum number of names in a sentence.
const mostNamed = 6

func list(names []string) string {
	if len(names) > mostNamed {
		return strings.Join(names[:mostNamed], ", ") + fmt.Sprintf(" and %d more", len(names)-mostNamed)
	}
	return strings.Join(names, ", ")
}

// letter names a run in a table: A is the base.
func letter(i int) string { return string(rune('A' + i)) }

// Worsened reports whether anything is significantly worse than in the base.
func (c Comparison) Worsened() bool {
	for _, r := range c.Rows {
		for _, change := range r.Against {
			if change.Change == Worse {
				return true
			}
		}
	}
	return false
}
