package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Text writes the report for a terminal: the verdict first, then why, then what
// it stands on.
func Text(w io.Writer, r Report) error {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s  %s\n", strings.ToUpper(string(r.Verdict)), headline(r))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&out, "  · %s\n", reason)
	}
	textCauses(&out, r)
	textIsolation(&out, r)
	out.WriteString("\n")
	textLoad(&out, r)
	textEvidence(&out, r)
	textSeries(&out, r)
	textMemory(&out, r)
	if len(r.Statements) > 0 {
		out.WriteString("\nBeside that\n")
		for _, s := range r.Statements {
			fmt.Fprintf(&out, "  · %s\n", s.Text)
		}
	}
	if len(r.Warnings) > 0 {
		out.WriteString("\nTo know\n")
		for _, warning := range r.Warnings {
			fmt.Fprintf(&out, "  · %s\n", warning)
		}
	}
	fmt.Fprintf(&out, "\nrun %s (soak %s)\n", r.Run, r.Version)
	_, err := io.WriteString(w, out.String())
	return err
}

func headline(r Report) string {
	parts := []string{r.Name, human.Span(r.Duration) + " recorded"}
	if r.Target.PID != 0 {
		parts = append(parts, fmt.Sprintf("pid %d", r.Target.PID))
	}
	if r.Ended != soak.EndFinished {
		parts = append(parts, string(r.Ended))
	}
	return strings.Join(parts, " · ")
}

func textEvidence(out *strings.Builder, r Report) {
	e := r.Evidence
	fmt.Fprintf(out, "Evidence  %d of %d samples, %s, %s, %s, %s\n", e.Samples, e.SamplesDue,
		human.Count(e.Gaps, "gap"), human.Count(e.Restarts, "restart"), human.Count(e.Rests, "rest sample"), e.profiles())
	if s := e.snapshot(); s != "" {
		fmt.Fprintf(out, "          %s\n", s)
	}
}

// textSeries shows the target's judged series, in 80 columns as long as nothing
// is tolerated, and of soak's own processes only what is not clean.
func textSeries(out *strings.Builder, r Report) {
	if len(r.Series) == 0 {
		return
	}
	out.WriteString("\n")
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	tolerant := slices.ContainsFunc(r.Series, func(s Series) bool { return s.Process == soak.RoleTarget && s.Tolerance != 0 })
	textRow(tw, tolerant, "RESOURCE", "VERDICT", "NOW", "GROWTH/H", "±", "DETECTABLE", "ALLOWED")
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget {
			textRow(tw, tolerant, plain(s.Metric), string(s.Verdict), s.now(), strings.TrimSuffix(s.growth(), "/h"), s.half(), strings.TrimSuffix(s.seen(), "/h"), strings.TrimSuffix(s.allowed(), "/h"))
		}
	}
	tw.Flush()
	for _, role := range []string{soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor} {
		if own := ownLine(r, role); own != "" {
			fmt.Fprintln(out, own)
		}
	}
}

// textRow writes the cells of a row; the last only where something is tolerated.
func textRow(w io.Writer, tolerant bool, cells ...string) {
	if !tolerant {
		cells = cells[:len(cells)-1]
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

// plain is a series' name without the syntax of labels: sockets close_wait.
func plain(metric string) string {
	words := []string{soak.Family(metric)}
	for _, value := range soak.Labels(metric) {
		words = append(words, value)
	}
	return strings.Join(words, " ")
}

// ownLine says in a line how one of soak's own processes held up.
func ownLine(r Report, role string) string {
	n, grows, open := 0, []string{}, []string{}
	for _, s := range r.Series {
		if s.Process != role {
			continue
		}
		n++
		switch s.Verdict {
		case soak.Leaking:
			grows = append(grows, fmt.Sprintf("%s %s", s.Metric, s.growth()))
		case soak.Inconclusive:
			open = append(open, s.Metric)
		}
	}
	switch {
	case n == 0:
		return ""
	case len(grows) > 0:
		return fmt.Sprintf("The %s, a part of soak, grows itself: %s", role, strings.Join(grows, ", "))
	case len(open) > 0:
		return fmt.Sprintf("The %s, a part of soak: no growth shown; open: %s", role, strings.Join(open, ", "))
	}
	return fmt.Sprintf("The %s, a part of soak: no growth in %s", role, human.Count(n, "resource"))
}
