package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/soak/terminal"
)

// plainEvery is the time between two lines of progress where no terminal shows
// it: a log of a day stays readable.
const plainEvery = 10 * time.Second

// progress shows the status of a running run: a screen of its own on a
// terminal, a line every ten seconds elsewhere. It goes to standard output with
// the report, or to standard error where the report is for a program.
type progress struct {
	out    io.Writer
	live   bool
	width  int
	drawn  int // lines of the block on the screen
	next   time.Duration
	screen *terminal.Screen // nil where a run has none
	said   []string         // while there is a screen
}

// open gives a run the screen, where there is a terminal. Keys become orders.
func (p *progress) open(ctx context.Context, act func(ctx context.Context, order soak.Order) error, attach bool) {
	if !p.live || os.Getenv("TERM") == "dumb" {
		p.live = false
		return
	}
	o := terminal.Options{Out: p.out, Act: act, Attach: attach}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		o.In = os.Stdin
	}
	p.screen = terminal.Open(ctx, o)
}

// errors is where child processes write: not across the screen.
func (p *progress) errors(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); p.screen != nil && ok && term.IsTerminal(int(f.Fd())) {
		return sayer{p.screen, w}
	}
	return w
}

// sayer writes lines to the screen, and to the terminal once the screen is
// closed: child processes may still write while they are stopped.
type sayer struct {
	screen *terminal.Screen
	after  io.Writer
}

func (s sayer) Write(b []byte) (int, error) {
	select {
	case <-s.screen.Done():
		return s.after.Write(b)
	default:
	}
	for l := range strings.Lines(string(b)) {
		s.screen.Say(strings.TrimRight(l, "\n"))
	}
	return len(b), nil
}

func newProgress(s streams, format string, quiet bool) *progress {
	p := &progress{out: s.out}
	if format != "text" {
		p.out = s.err
	}
	if quiet {
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

// Say prints a line that stays.
func (p *progress) Say(format string, args ...any) {
	if p.screen != nil {
		line := fmt.Sprintf(format, args...)
		p.said = append(p.said, line)
		p.screen.Say(line)
		return
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Show brings the display up to date.
func (p *progress) Show(s engine.Status) {
	if p.screen != nil {
		p.screen.Show(s)
		return
	}
	if s.Elapsed >= p.next {
		p.next = s.Elapsed - s.Elapsed%plainEvery + plainEvery
		p.Say("%s", line(s))
	}
}

// Close gives the terminal back, with what was said on it.
func (p *progress) Close() {
	if p.screen == nil {
		return
	}
	p.screen.Close()
	p.screen = nil
	for _, line := range p.said {
		fmt.Fprintln(p.out, line)
	}
}

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
