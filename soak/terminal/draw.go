package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/soak/human"
)

// The minimum size of the layout; a smaller screen shows a part of it.
const (
	minWidth  = 40
	minHeight = 10
)

// draw lays out the screen: head, loads, resources, events, keys.
func (m model) draw() string {
	width, height := cmp.Or(m.width, 80), cmp.Or(m.height, 24)
	if m.help {
		return fit(helpLines(m.options.Attach), width, height)
	}
	if m.status.Run == "" {
		return fit(append([]string{bold("soak")}, tail(m.lines, height-1)...), width, height)
	}
	lines := append(head(m.status, max(width, minWidth)), "")
	lines = append(lines, table(m.status, max(width, minWidth))...)
	foot := footer(m)
	room := height - len(lines) - len(foot) - 1
	if room > 1 {
		lines = append(lines, "")
		lines = append(lines, tail(events(m.status), room)...)
	}
	for len(lines) < height-len(foot) {
		lines = append(lines, "")
	}
	if most := max(height, minHeight) - len(foot); len(lines) > most {
		lines = lines[:most]
	}
	return fit(append(lines, foot...), width, height)
}

// fit truncates lines to the screen.
func fit(lines []string, width, height int) string {
	if len(lines) > height {
		lines = lines[:height]
	}
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, width, "…")
	}
	return strings.Join(lines, "\n")
}

func tail(lines []string, n int) []string {
	return slices.Clone(lines[max(0, len(lines)-max(n, 0)):])
}

// head is the phase with the remaining time, and the loads.
func head(s engine.Status, width int) []string {
	state := string(s.Phase)
	if s.Ended != "" {
		state = "ended: " + string(s.Ended)
	}
	whole := s.Elapsed + s.Remaining
	share := 0.0
	if whole > 0 {
		share = float64(s.Elapsed) / float64(whole)
	}
	title := fmt.Sprintf("%s  %s", bold(s.Name), state)
	times := fmt.Sprintf("%s of %s, %s left", human.Duration(s.Elapsed), human.Duration(whole.Round(time.Second)), human.Duration(s.Remaining))
	if s.Firing > 0 {
		times += "  " + red(human.Count(s.Firing, "alert")+" firing")
	}
	lines := []string{spread(title, times, width)}
	if ansi.StringWidth(lines[0]) > width {
		lines = []string{title, times}
	}
	lines = append(lines, bar(share, width))
	return append(lines, loads(s, width)...)
}

// maxLoads is the number of loads that are shown separately. Of more loads it shows
// the sum and the worst.
const maxLoads = 4

func loads(s engine.Status, width int) (lines []string) {
	shown := s.Load
	if len(shown) > maxLoads {
		all := s.Together()
		all.Name = human.Count(len(shown), "load")
		shown = append([]engine.LoadStatus{all}, s.Worst()[:maxLoads-1]...)
	}
	for _, l := range shown {
		line := fmt.Sprintf("%s  %s of %s", l.Name, human.Rate(l.Achieved), human.Rate(l.Planned))
		if l.P50 > 0 {
			line += fmt.Sprintf("  p50 %s  p95 %s  p99 %s", human.Seconds(l.P50), human.Seconds(l.P95), human.Seconds(l.P99))
		}
		counts := fmt.Sprintf("%s done, %s failed, %s late", human.Integer(l.Done), human.Integer(l.Failed), human.Integer(l.Late))
		if l.Failed+l.Late > 0 {
			counts = yellow(counts)
		}
		if ansi.StringWidth(line)+ansi.StringWidth(counts)+2 > width {
			lines = append(lines, line, "  "+counts)
			continue
		}
		lines = append(lines, spread(line, counts, width))
	}
	return lines
}

// bar shows the elapsed share of the run.
func bar(share float64, width int) string {
	percent := fmt.Sprintf(" %3.0f %%", 100*min(share, 1))
	cells := max(width-len(percent), 10)
	full := int(share * float64(cells))
	return strings.Repeat("█", min(full, cells)) + dim(strings.Repeat("░", max(cells-full, 0))) + percent
}

// spread puts one text on the left and one on the right.
func spread(left, right string, width int) string {
	gap := width - ansi.StringWidth(left) - ansi.StringWidth(right)
	return left + strings.Repeat(" ", max(gap, 2)) + right
}

// events lists the events, newest last.
func events(s engine.Status) []string {
	var out []string
	for _, e := range s.Events {
		if e.Text == "" {
			continue
		}
		text := e.Text
		switch e.Kind {
		case soak.EventError:
			text = yellow(e.Load + ": " + text)
		case soak.EventAlert, soak.EventCrash, soak.EventGap:
			text = yellow(text)
		}
		out = append(out, fmt.Sprintf("%s %s  %s", human.Clock(e.Wall.Local()), dim(human.Offset(e.At)), text))
	}
	return out
}

// footer is the result of the last order, and the keys.
func footer(m model) []string {
	text := "p pause  r resume  e rest  s snapshot  x stop with a verdict  ? help"
	if m.options.Attach {
		text += "  q leave"
	}
	if m.options.In == nil {
		text = "run " + m.status.Run
	}
	if m.result != "" {
		return []string{m.result, dim(text)}
	}
	return []string{dim(text)}
}

func helpLines(attach bool) []string {
	lines := []string{
		bold("Keys"), "",
		"  p   pause the load; samples taken during a pause are not judged",
		"  r   resume the load",
		"  e   rest now: pause, wait until the target has settled, take a sample at rest",
		"  s   take profiles of the target now",
		"  x   stop early: take the last rests, then give a verdict",
	}
	if attach {
		lines = append(lines, "  q   leave; the run continues")
	} else {
		lines = append(lines, "  ^C  the same as x; press twice to exit immediately")
	}
	return append(lines, "  ?   show or hide this help", "",
		bold("Columns"), "",
		"  GROWTH      per hour under steady load, ± half the 95 % confidence interval",
		"  DETECTABLE  the smallest growth that this run could call a leak so far",
		"  VERDICT     as of now; open means inconclusive: no evidence either way yet")
}
