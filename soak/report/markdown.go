package report

import (
	"fmt"
	"io"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// sparkWidth is the width of a sparkline in characters.
const sparkWidth = 24

// badges show a verdict in plain text.
var badges = map[soak.State]string{soak.Leaking: "🔴 LEAK", soak.Clean: "🟢 CLEAN", soak.Inconclusive: "🟡 INCONCLUSIVE"}

// mostListed is the maximum number of list items in a summary; the rest is counted.
const mostListed = 20

// Markdown writes the report for a step summary or an issue of a code host
// (GitHub Flavored Markdown), with sparklines.
func Markdown(w io.Writer, r Report, c Charts) error {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s · %s\n\n**%s**\n\n", badges[r.Verdict], Escape(r.Name), Escape(Sentence(r)))
	if n := r.Needed; n != nil {
		fmt.Fprintf(&out, "To decide: %s, with `%s`\n\n", Escape(n.Text), n.Command)
	}
	mdList(&out, "Why", r.Reasons)
	MarkdownCauses(&out, r)
	mdIsolation(&out, r)
	mdSeries(&out, r, c)
	mdMemory(&out, r)
	mdLoad(&out, r)
	e := r.Evidence
	fmt.Fprintf(&out, "**Evidence** %d of %d samples, %s, %s, %s, %s", e.Samples, e.SamplesDue,
		human.Count(e.Gaps, "gap"), human.Count(e.Restarts, "restart"), human.Count(e.Rests, "rest sample"), e.profiles())
	if s := e.snapshot(); s != "" {
		fmt.Fprintf(&out, "; %s", s)
	}
	if line := r.CPU.line(); line != "" {
		fmt.Fprintf(&out, "; machine: %s", line)
	}
	out.WriteString("\n\n")
	mdList(&out, "Notes", r.Warnings)
	mdAlerts(&out, r)
	fmt.Fprintf(&out, "<sub>run `%s` · %s · %s recorded · soak %s · reproduce: `%s`</sub>\n", r.Run, r.Start.Format("2006-01-02 15:04 -0700"), human.Span(r.Duration), Escape(r.Version), Reproduce(r))
	_, err := io.WriteString(w, out.String())
	return err
}

func mdList(out *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, "**%s**\n\n", title)
	for i, l := range lines {
		if i == mostListed {
			fmt.Fprintf(out, "- and %d more\n", len(lines)-i)
			break
		}
		fmt.Fprintf(out, "- %s\n", Escape(l))
	}
	out.WriteString("\n")
}

func mdSeries(out *strings.Builder, r Report, c Charts) {
	row := func(cells ...string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	open := false
	for _, s := range r.Series {
		if s.Process != soak.RoleTarget {
			continue
		}
		if !open {
			open = true
			row("resource", "verdict", "trend", "now", "growth", "95 % interval", "detectable", "allowed", "why")
			row("---", "---", "---", "--:", "--:", "--:", "--:", "--:", "---")
		}
		verdict := string(s.Verdict)
		if s.Verdict == soak.Leaking || s.Verdict == soak.Inconclusive {
			verdict = "**" + verdict + "**"
		}
		spark := human.Spark(human.Thin(c.curve(s.Process, s.Metric), sparkWidth), quantum(s.Unit))
		row("`"+s.Metric+"`", verdict, "`"+spark+"`", s.now(), s.growth(), s.interval(), s.detectable(), s.allowed(), Escape(s.Why))
	}
	if open {
		out.WriteString("\n")
	}
}

// quantum is the range below which a sparkline is drawn flat.
func quantum(unit string) float64 {
	if unit == "bytes" {
		return 64 << 10
	}
	return 1
}

func mdLoad(out *strings.Builder, r Report) {
	if len(r.Load) == 0 {
		return
	}
	out.WriteString("| load | planned | achieved | operations | failed | late | p50 | p95 | p99 | max |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, l := range r.Load {
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", Escape(l.Name), human.Rate(l.Planned), human.Rate(l.Achieved),
			human.Integer(l.Operations), human.Integer(l.Failed), human.Integer(l.Late), seconds(l.Latency.P50), seconds(l.Latency.P95), seconds(l.Latency.P99), seconds(l.Latency.Max))
	}
	out.WriteString("\n")
	for _, l := range r.Load {
		mdList(out, l.Name, l.failures())
	}
}

func mdAlerts(out *strings.Builder, r Report) {
	var lines []string
	for _, a := range r.Alerts {
		lines = append(lines, fmt.Sprintf("%s (%s) %s %s: %s", human.Clock(a.At), human.Offset(a.At.Sub(r.Start)), a.Rule, a.State, a.Reason))
	}
	mdList(out, "Alerts", lines)
}

// Escape keeps text from being read as markup (CommonMark 2.4).
func Escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "#", `\#`, "\n", " ").Replace(s)
}
