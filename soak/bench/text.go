package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"soakmon/soak/indent"
)

// Formats are those that [Write] knows.
var Formats = []string{"text", "json", "markdown", "html", "gobench"}

// Write writes a result in one of the [Formats].
func Write(w io.Writer, r Result, format string) error {
	switch format {
	case "json":
		return JSON(w, r)
	case "markdown":
		return Markdown(w, r)
	case "html":
		return HTML(w, r)
	case "gobench":
		return GoBench(w, r)
	}
	return Text(w, r)
}

// JSON writes the result with its stable names.
func JSON(w io.Writer, r Result) error { return indent.JSON(w, r) }

// Text writes the result for a terminal: the answer first.
func Text(w io.Writer, r Result) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n", headline(r))
	for _, reason := range reasons(r) {
		fmt.Fprintf(&out, "  · %s\n", reason)
	}
	for _, g := range grids(r) {
		fmt.Fprintf(&out, "\n%s\n", g.title)
		align(&out, g)
	}
	out.WriteString("\n")
	for _, line := range notes(r) {
		fmt.Fprintf(&out, "  · %s\n", line)
	}
	fmt.Fprintf(&out, "\nrun %s (soak %s)\n", r.Run, r.Version)
	_, err := io.WriteString(w, out.String())
	return err
}

// headline says what the figures decide.
func headline(r Result) string {
	what := map[Verdict]string{Met: "every target is met", Missed: "targets are missed", Unclear: "not every target could be decided",
		Shown: "figures only: the targets hold under --conditions, or decide with --enforce"}[r.Verdict]
	return fmt.Sprintf("%s  %s · %s", strings.ToUpper(string(r.Verdict)), what, scene(r))
}

// reasons are the missed targets, if targets are enforced.
func reasons(r Result) []string {
	if !r.Judged {
		return nil
	}
	return r.Reasons
}

// scene says where and how it was measured.
func scene(r Result) string {
	return fmt.Sprintf("%s, %d rounds, %d CPUs, %s", describeConditions(r.Conditions), r.Rounds, r.Host.CPUs, r.Host.Kernel)
}

// notes are what a reader must know.
func notes(r Result) []string {
	return append(append([]string{}, Glossary...), r.Warnings...)
}

// align writes a grid in columns of even width.
func align(out *strings.Builder, g grid) {
	widths := make([]int, len(g.head))
	all := append([][]string{g.head}, g.rows...)
	for _, row := range all {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range all {
		line := ""
		for i, c := range row {
			line += "  " + c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// Markdown writes the result for a page or a pull request.
func Markdown(w io.Writer, r Result) error {
	var out strings.Builder
	fmt.Fprintf(&out, "# Bench %s\n\n**%s**\n\n", r.Name, headline(r))
	for _, reason := range reasons(r) {
		fmt.Fprintf(&out, "- %s\n", reason)
	}
	for _, g := range grids(r) {
		fmt.Fprintf(&out, "\n## %s\n\n", g.title)
		markdownRow(&out, g.head)
		out.WriteString("|" + strings.Repeat("---|", len(g.head)) + "\n")
		for _, row := range g.rows {
			markdownRow(&out, row)
		}
	}
	out.WriteString("\n")
	for _, line := range notes(r) {
		fmt.Fprintf(&out, "- %s\n", line)
	}
	fmt.Fprintf(&out, "\nRun %s, soak %s.\n", r.Run, r.Version)
	_, err := io.WriteString(w, out.String())
	return err
}

func markdownRow(out *strings.Builder, cells []string) {
	out.WriteString("|")
	for _, c := range cells {
		out.WriteString(" " + strings.ReplaceAll(c, "|", "\\|") + " |")
	}
	out.WriteString("\n")
}
