package terminal

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/soak/human"
)

// column is one column of the table of resources.
type column struct {
	title string
	width int
	right bool
	from  int // the minimum width of a screen that shows the column
	of    func(engine.SeriesStatus, int) string
}

var columns = []column{
	{"RESOURCE", 18, false, 0, func(s engine.SeriesStatus, _ int) string { return s.Metric }},
	{"TREND", 8, false, 66, trend},
	{"NOW", 8, true, 0, func(s engine.SeriesStatus, _ int) string { return human.Amount(s.Last, s.Unit) }},
	{"GROWTH", 11, true, 0, growth},
	{"±", 9, true, 76, halfInterval},
	{"DETECTABLE", 10, true, 80, func(s engine.SeriesStatus, _ int) string { return human.AtLeast(s.MinDetectable, s.Unit) }},
	{"VERDICT", 7, false, 0, verdict},
	{"WHY", 30, false, 140, func(s engine.SeriesStatus, _ int) string { return s.Why }},
}

// wide is the minimum width of a screen with room for full names and words.
const wide = 110

// layout returns the columns for a screen. On a wide screen the names and the
// sparklines share the remaining width.
func layout(width int) []column {
	var out []column
	used := 0
	for _, c := range columns {
		if c.from > width {
			continue
		}
		if width >= wide {
			switch c.title {
			case "±":
				c.title, c.width, c.of = "95 % INTERVAL", 22, interval
			case "DETECTABLE":
				c.width = 15
			case "VERDICT":
				c.width = 12
			}
		}
		used += c.width + 1
		out = append(out, c)
	}
	if left := width - used; left > 0 && width >= wide {
		out[0].width += min(left/2, 14)
		out[1].width += min(left-min(left/2, 14), 40)
	}
	return out
}

// table has a row for each judged resource of the target, and a line for soak's
// own processes.
func table(s engine.Status, width int) []string {
	cols := layout(width)
	lines := []string{dim(row(cols, func(c column) string { return c.title }))}
	own := map[string]int{}
	for _, one := range s.Series {
		if one.Process != soak.RoleTarget {
			if one.Verdict == soak.Leaking && one.Unit != "bytes" { // growth of soak's own memory does not affect the verdict
				own[one.Process]++
			}
			continue
		}
		line := row(cols, func(c column) string { return c.of(one, c.width) })
		if width >= wide {
			line = strings.TrimRight(line, " ")
		}
		lines = append(lines, color(one.Verdict, line))
	}
	if len(lines) == 1 {
		lines = append(lines, dim("no verdicts yet: they begin with steady load"))
	}
	for _, role := range []string{soak.RoleDriver, soak.RoleMonitor} {
		if n := own[role]; n > 0 {
			lines = append(lines, yellow(fmt.Sprintf("soak's own %s process is growing in %s", role, human.Count(n, "resource"))))
		}
	}
	return lines
}

func row(cols []column, text func(column) string) string {
	cells := make([]string, len(cols))
	for i, c := range cols {
		cell := ansi.Truncate(text(c), c.width, "…")
		pad := strings.Repeat(" ", c.width-ansi.StringWidth(cell))
		if cells[i] = cell + pad; c.right {
			cells[i] = pad + cell
		}
	}
	return strings.Join(cells, " ")
}

// trend is a sparkline of the series.
func trend(s engine.SeriesStatus, width int) string {
	values := make([]float64, len(s.Course))
	for i, v := range s.Course {
		values[i] = float64(v)
	}
	step := 1.0
	if s.Unit == "bytes" {
		step = 64 << 10
	}
	return human.Spark(human.Thin(values, width), step)
}

func growth(s engine.SeriesStatus, _ int) string {
	return human.Growth(human.Vanishing(s.Slope, s.Lo, s.Hi), s.Unit)
}

func interval(s engine.SeriesStatus, _ int) string {
	return human.Interval(s.Lo, s.Hi, s.Unit)
}

func halfInterval(s engine.SeriesStatus, _ int) string {
	half := float64(s.Hi-s.Lo) / 2
	if math.IsNaN(half) {
		return ""
	}
	return human.Amount(half, s.Unit)
}

func verdict(s engine.SeriesStatus, width int) string {
	switch {
	case s.Verdict == soak.Leaking:
		return "LEAK"
	case s.Verdict == soak.Inconclusive && width < len(soak.Inconclusive):
		return "open"
	case s.Verdict == soak.NotJudged && width < len(soak.NotJudged):
		return "–"
	}
	return string(s.Verdict)
}

// The colors are those of the terminal's palette (ECMA-48, SGR), so they are
// readable on any background. They are removed if NO_COLOR is set.

func sgr(code, text string) string { return "\x1b[" + code + "m" + text + "\x1b[m" }

func bold(text string) string   { return sgr("1", text) }
func dim(text string) string    { return sgr("2", text) }
func red(text string) string    { return sgr("31", text) }
func yellow(text string) string { return sgr("33", text) }

func color(v soak.State, text string) string {
	switch v {
	case soak.Leaking:
		return red(text)
	case soak.Clean:
		return text
	}
	return dim(text)
}
