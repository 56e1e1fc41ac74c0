package report

import "io"

// Formats are the formats of [Write].
var Formats = []string{"text", "json", "markdown", "junit", "html"}

// FormatsWithCharts are the [Formats] that show [Charts].
var FormatsWithCharts = []string{"markdown", "html"}

// Write writes a report in one of the [Formats]. The charts may be empty for a
// format without charts.
func Write(w io.Writer, r Report, c Charts, format string) error {
	switch format {
	case "json":
		return JSON(w, r)
	case "junit":
		return JUnit(w, r)
	case "markdown":
		return Markdown(w, r, c)
	case "html":
		return HTML(w, r, c)
	}
	return Text(w, r)
}
