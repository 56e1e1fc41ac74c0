package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Text writes the report for a terminal: the verdict first, then the reasons, then
// the evidence.
func Text(w io.Writer, r Report) error {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s  %s\n", strings.ToUpper(string(r.Verdict)), headline(r))
	if n := r.Needed; n != nil {
		fmt.Fprintf(&out, "  To decide: %s\n    %s\n", n.Text, n.Command)
	}
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
		out.WriteString("\nAlso\n")
		for _, s := range r.Statements {
			fmt.Fprintf(&out, "  · %s\n", s.Text)
		}
	}
	if len(r.Warnings) > 0 {
		out.WriteString("\nNotes\n")
		for _, warning := range r.Warnings {
			fmt.Fprintf(&out, "  · %s\n", warning)
		}
	}
	fmt.Fprintf(&out, "\nrun %s (soak %s)\n", r.Run, r.Version)
	_, err := io.WriteString(w, out.String())
	return err
}

func textEvidence(out *strings.Builder, r Report) {
	e := r.Evidence
	fmt.Fprintf(out, "Evidence  %d of %d samples, %s, %s, %s, %s\n", e.Samples, e.SamplesDue,
		human.Count(e.Gaps, "gap"), human.Count(e.Restarts, "restart"), human.Count(e.Rests, "rest sample"), e.profiles())
	if s := e.snapshot(); s != "" {
		fmt.Fprintf(out, "          %s\n", s)
	}
	if line := r.CPU.line(); line != "" {
		fmt.Fprintf(out, "Machine   %s\n", line)
	}
}

// textSeries lists the target's judged series, and a line for each of soak's own
// processes. Why each verdict is what it is comes last, where its length does not
// matter; it names the allowed growth.
func textSeries(out *strings.Builder, r Report) {
	if len(r.Series) == 0 {
		return
	}
	out.WriteString("\n")
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "RESOURCE\tVERDICT\tNOW\tGROWTH/H\t±\tDETECTABLE\tWHY")
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget {
			cells := []string{plain(s.Metric), string(s.Verdict), s.now(), strings.TrimSuffix(s.growth(), "/h"), s.half(), strings.TrimSuffix(s.detectable(), "/h"), s.Why}
			fmt.Fprintln(tw, strings.Join(cells, "\t"))
		}
	}
	tw.Flush()
	for _, own := range ownLines(r) {
		fmt.Fprintln(out, own)
	}
}

// plain is a series' name without label syntax: sockets close_wait.
func plain(metric string) string {
	words := []string{soak.Family(metric)}
	for _, value := range soak.Labels(metric) {
		words = append(words, value)
	}
	return strings.Join(words, " ")
}

// ownLines say whether soak's own processes grew: a line for each that did, and one for
// the others. What is undecided about them does not affect the verdict and is left out.
func ownLines(r Report) (lines []string) {
	var flat []string
	for _, role := range []string{soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor} {
		n, grows, aside := 0, []string{}, " (this does not affect the verdict)"
		for _, s := range r.Series {
			if s.Process != role || s.Verdict == soak.NotJudged {
				continue
			}
			n++
			if s.Verdict == soak.Leaking {
				grows = append(grows, fmt.Sprintf("%s %s", s.Metric, s.growth()))
				if castsDoubt(s) || s.Rule != "" {
					aside = ""
				}
			}
		}
		switch {
		case len(grows) > 0:
			lines = append(lines, fmt.Sprintf("Soak's own %s process is growing: %s%s", role, strings.Join(grows, ", "), aside))
		case n > 0:
			flat = append(flat, role)
		}
	}
	if len(flat) > 0 {
		lines = append(lines, "No growth was found in soak's own processes: "+enumerate(flat, len(flat)))
	}
	return lines
}
