package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/engine"
)

// plainEvery is the time between two lines of progress where no terminal shows
// it: a log of a day stays readable.
const plainEvery = 10 * time.Second

// progress shows a run's status while it goes on: a block that redraws itself
// on a terminal, a line every ten seconds elsewhere. It goes to standard output
// with the report, or to standard error where the report is for a program.
type progress struct {
	out   io.Writer
	live  bool
	width int
	drawn int // lines of the block on the screen
	next  time.Duration
}

func newProgress(j job) *progress {
	p := &progress{out: j.streams.out}
	if j.format != "text" {
		p.out = j.streams.err
	}
	if j.quiet {
		p.out = io.Discard
	}
	if f, ok := p.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.live, p.width = true, 80
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			p.width = w
		}
	}
	return p
}

// say prints a line that stays.
func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(p.out, format+"\n", args...)
}

// show brings the display up to date.
func (p *progress) show(s engine.Status) {
	if p.live {
		p.redraw(block(s))
		return
	}
	if s.Elapsed >= p.next {
		p.next = s.Elapsed - s.Elapsed%plainEvery + plainEvery
		p.say("%s", line(s))
	}
}

// done leaves the last state on the screen.
func (p *progress) done() { p.drawn = 0 }

// redraw writes the block over the one before (ECMA-48: cursor up, erase in line).
func (p *progress) redraw(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var out strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", p.drawn)
	}
	for _, l := range lines {
		if r := []rune(l); len(r) > p.width {
			l = string(r[:p.width])
		}
		out.WriteString("\r\x1b[2K" + l + "\n")
	}
	out.WriteString("\x1b[0J")
	p.drawn = len(lines)
	_, _ = io.WriteString(p.out, out.String())
}

// line is the status in one line.
func line(s engine.Status) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %-8s", clockOf(s), s.Phase)
	for _, l := range s.Load {
		fmt.Fprintf(&out, "  %s %.4g/s of %.4g/s", l.Name, l.Achieved, l.Planned)
		if l.Done > 0 {
			fmt.Fprintf(&out, " p50 %s p95 %s p99 %s", latency(l.P50), latency(l.P95), latency(l.P99))
		}
		if l.Failed+l.Late > 0 {
			fmt.Fprintf(&out, " failed %d late %d", l.Failed, l.Late)
		}
		out.WriteString(datagrams(l.Datagrams))
	}
	for _, r := range s.Series {
		if r.Process == soak.RoleTarget && (r.Last != 0 || r.Verdict == soak.Leaking) {
			fmt.Fprintf(&out, "  %s %s%s", r.Metric, detect.Human(float64(r.Last), r.Unit), inBrackets(slope(r)))
		}
	}
	return out.String()
}

// datagrams tells what went wrong with those of a load over UDP.
func datagrams(d *soak.Datagrams) (text string) {
	if d == nil {
		return ""
	}
	for _, one := range []struct {
		n    int64
		what string
	}{{d.Lost, "lost"}, {d.Reordered, "reordered"}, {d.Duplicated, "duplicated"}, {d.Foreign, "foreign"}} {
		if one.n > 0 {
			text += fmt.Sprintf(" %s %d", one.what, one.n)
		}
	}
	return text
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// block is the status as a table.
func block(s engine.Status) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s  %s  %s\n", s.Name, clockOf(s), s.Phase)
	for _, l := range s.Load {
		fmt.Fprintf(&out, "%s  %.4g/s of %.4g/s planned · %d done, %d failed, %d late", l.Name, l.Achieved, l.Planned, l.Done, l.Failed, l.Late)
		if l.Done > 0 {
			fmt.Fprintf(&out, " · p50 %s  p95 %s  p99 %s", latency(l.P50), latency(l.P95), latency(l.P99))
		}
		out.WriteString(datagrams(l.Datagrams) + "\n")
	}
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, r := range s.Series {
		if r.Process == soak.RoleTarget {
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", r.Metric, detect.Human(float64(r.Last), r.Unit), slope(r), r.Verdict)
		}
	}
	tw.Flush()
	return out.String()
}

// slope is a growth with its interval, for people; empty while it is too early.
func slope(r engine.SeriesStatus) string {
	if r.Slope != r.Slope {
		return ""
	}
	v := float64(r.Slope)
	if math.Abs(v) < float64(r.Hi-r.Lo)/1000 {
		v = 0
	}
	return fmt.Sprintf("%s/h, %s … %s", detect.Human(v, r.Unit), detect.Human(float64(r.Lo), r.Unit), detect.Human(float64(r.Hi), r.Unit))
}

func clockOf(s engine.Status) string {
	return fmt.Sprintf("[%s, %s left]", minutes(s.Elapsed), minutes(s.Remaining))
}

// minutes writes a length of time as 1:05 or 26:03:07.
func minutes(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
}

func latency(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(10 * time.Microsecond).String()
}
