package compare

import (
	"embed"
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"strings"
	"text/tabwriter"

	"soakmon/soak/human"
	"soakmon/soak/indent"
	"soakmon/soak/report"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").ParseFS(assets, "assets/compare.tmpl"))

// Formats are the formats of [Write].
var Formats = []string{"text", "json", "markdown", "junit", "html"}

// Write writes a comparison in one of the [Formats].
func Write(w io.Writer, c Comparison, format string) error {
	switch format {
	case "json":
		return indent.JSON(w, c)
	case "junit":
		return c.junit(w)
	case "html":
		return templates.ExecuteTemplate(w, "document", map[string]any{"Style": template.CSS(report.Style()), "Body": c.view(), "Title": c.Summary})
	case "markdown":
		return c.markdown(w)
	}
	return c.text(w)
}

// HTML writes the tables for a page that includes [report.Style].
func HTML(c Comparison) (template.HTML, error) {
	var out strings.Builder
	err := templates.ExecuteTemplate(&out, "comparison", c.view())
	return template.HTML(out.String()), err
}

func (c Comparison) text(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s\n\n", strings.ToUpper(c.Summary[:1])+c.Summary[1:])
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\tRUN\tSTARTED\tDURATION\tVERDICT\tPROGRAM")
	for i, h := range c.Runs {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", letter(i), h.Run, h.Start, human.Span(h.Duration), h.Verdict, h.Version)
	}
	tw.Flush()
	out.WriteString("\n")
	fmt.Fprint(tw, "\tQUANTITY")
	for i := range c.Runs {
		fmt.Fprintf(tw, "\t%s", letter(i))
		if i > 0 {
			fmt.Fprintf(tw, "\t%s − A", letter(i))
		}
	}
	fmt.Fprintln(tw)
	for _, r := range c.Rows {
		fmt.Fprintf(tw, "%s\t%s", r.Kind, r.title())
		for i, cell := range r.Cells {
			fmt.Fprintf(tw, "\t%s", r.value(cell))
			if i > 0 {
				fmt.Fprintf(tw, "\t%s", strings.TrimSpace(r.changed(r.Against[i-1])+" "+mark(r.Against[i-1])))
			}
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	if len(c.Culprits) > 0 {
		out.WriteString("\nCULPRITS\n")
	}
	for _, one := range c.Culprits {
		fmt.Fprintf(&out, "  %s\n", one.line())
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&out, "\nnote: %s\n", n)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// mark marks a significant difference.
func mark(c Change) string {
	if c.Change == Worse || c.Change == Better {
		return strings.ToUpper(c.Change)
	}
	return ""
}

func (c Comparison) markdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "## Comparison\n\n**%s**\n\n| | run | started | duration | verdict | program |\n|---|---|---|--:|---|---|\n", report.Escape(c.Summary))
	for i, h := range c.Runs {
		fmt.Fprintf(&out, "| %s | `%s` | %s | %s | %s | %s |\n", letter(i), h.Run, h.Start, human.Span(h.Duration), h.Verdict, report.Escape(h.Version))
	}
	out.WriteString("\n| | quantity |")
	rule := "|---|---|"
	for i := range c.Runs {
		fmt.Fprintf(&out, " %s |", letter(i))
		rule += "--:|"
		if i > 0 {
			fmt.Fprintf(&out, " %s − A | |", letter(i))
			rule += "--:|---|"
		}
	}
	out.WriteString("\n" + rule + "\n")
	for _, r := range c.Rows {
		fmt.Fprintf(&out, "| %s | `%s` |", r.Kind, r.title())
		for i, cell := range r.Cells {
			fmt.Fprintf(&out, " %s |", r.value(cell))
			if i > 0 {
				fmt.Fprintf(&out, " %s | %s |", r.changed(r.Against[i-1]), strings.ToLower(mark(r.Against[i-1])))
			}
		}
		out.WriteString("\n")
	}
	if len(c.Culprits) > 0 {
		out.WriteString("\n**Culprits**\n\n")
	}
	for _, one := range c.Culprits {
		fmt.Fprintf(&out, "- %s\n", report.Escape(one.line()))
	}
	for _, n := range c.Notes {
		fmt.Fprintf(&out, "\n> %s\n", report.Escape(n))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

type (
	suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	testcase struct {
		Class   string `xml:"classname,attr"`
		Name    string `xml:"name,attr"`
		Failure *fault `xml:"failure,omitempty"`
		Skipped *fault `xml:"skipped,omitempty"`
		Out     string `xml:"system-out,omitempty"`
	}
	fault struct {
		Message string `xml:"message,attr"`
	}
)

// junit writes a case per quantity and run. A change for the worse is a failure; an
// undecided one is skipped.
func (c Comparison) junit(w io.Writer) error {
	s := suite{Name: "soak compare"}
	for _, r := range c.Rows {
		for i, change := range r.Against {
			one := testcase{Class: "soak.compare." + r.Kind, Name: fmt.Sprintf("%s: %s against %s", r.title(), c.Runs[i+1].Run, c.Runs[0].Run), Out: r.value(r.Cells[0]) + " → " + r.value(r.Cells[i+1])}
			s.Tests++
			switch change.Change {
			case Worse:
				one.Failure = &fault{r.changed(change)}
				s.Failures++
			case Undecided:
				one.Skipped = &fault{r.changed(change)}
				s.Skipped++
			}
			s.Cases = append(s.Cases, one)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// view is the data of the template.
type view struct {
	Summary  string
	Notes    []string
	Runs     []runView
	Rows     []rowView
	Culprits []string
}

type runView struct {
	Letter, Length string
	Head
}

type rowView struct {
	Kind, Name string
	Cells      []cellView
}

type cellView struct{ Value, Difference, Change string }

func (c Comparison) view() view {
	v := view{Summary: strings.ToUpper(c.Summary[:1]) + c.Summary[1:], Notes: c.Notes}
	for i, h := range c.Runs {
		v.Runs = append(v.Runs, runView{letter(i), human.Span(h.Duration), h})
	}
	for _, r := range c.Rows {
		row := rowView{Kind: r.Kind, Name: r.title()}
		for i, cell := range r.Cells {
			one := cellView{Value: r.value(cell)}
			if i > 0 {
				one.Difference, one.Change = r.changed(r.Against[i-1]), strings.ToLower(mark(r.Against[i-1]))
			}
			row.Cells = append(row.Cells, one)
		}
		v.Rows = append(v.Rows, row)
	}
	for _, one := range c.Culprits {
		v.Culprits = append(v.Culprits, one.line())
	}
	return v
}
