package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

// Text writes the report for a terminal: the verdict first, then why, then what
// it stands on.
func Text(w io.Writer, r Report) error {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s  %s\n", strings.ToUpper(string(r.Verdict)), headline(r))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&out, "  · %s\n", reason)
	}
	out.WriteString("\n")
	textLoad(&out, r)
	textEvidence(&out, r)
	textSeries(&out, r)
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
	parts := []string{r.Name, duration(r.Duration) + " recorded"}
	if r.Target.PID != 0 {
		parts = append(parts, fmt.Sprintf("pid %d", r.Target.PID))
	}
	if r.Ended != endedFinished {
		parts = append(parts, r.Ended)
	}
	return strings.Join(parts, " · ")
}

func textLoad(out *strings.Builder, r Report) {
	for _, l := range r.Load {
		fmt.Fprintf(out, "Load      %s: %.4g/s planned, %.4g/s achieved; %d operations, %d late, %d failed%s%s\n", l.Name, l.Planned, l.Achieved, l.Operations, l.Late, l.Failed, errorList(l), textDatagrams(l.Datagrams))
		fmt.Fprintf(out, "          %d sessions", l.Sessions)
		if l.Dirty > 0 {
			fmt.Fprintf(out, ", %d of them ended badly on purpose", l.Dirty)
		}
		fmt.Fprintf(out, "; latency p50 %s  p95 %s  p99 %s  max %s\n", seconds(l.Latency.P50), seconds(l.Latency.P95), seconds(l.Latency.P99), seconds(l.Latency.Max))
	}
}

func errorList(l Load) string {
	if len(l.Errors) == 0 {
		return ""
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(l.Errors)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, l.Errors[kind]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func textEvidence(out *strings.Builder, r Report) {
	e := r.Evidence
	fmt.Fprintf(out, "Evidence  %d of %d samples, %s, %s, %s, %s\n", e.Samples, e.SamplesDue,
		count(e.Gaps, "gap"), count(e.Restarts, "restart"), count(e.Rests, "rest sample"), count(e.Profiles, "profile"))
}

// textSeries shows the target's judged series, and of soak's own processes only
// what is not clean.
func textSeries(out *strings.Builder, r Report) {
	if len(r.Series) == 0 {
		return
	}
	out.WriteString("\n")
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "RESOURCE\tVERDICT\tNOW\tGROWTH PER HOUR\t95 % INTERVAL\tWOULD HAVE SEEN\tALLOWED")
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s … %s\t%s\t%s\n", s.Metric, s.Verdict, amount(s.Last, s.Unit),
				signed(slope(s), s.Unit), signed(s.Lo, s.Unit), signed(s.Hi, s.Unit), atLeast(s.MinDetectable, s.Unit), amount(s.Tolerance, s.Unit))
		}
	}
	tw.Flush()
	for _, role := range []string{soak.RoleDriver, soak.RoleMonitor} {
		textOwn(out, r, role)
	}
}

// textOwn says in a line how one of soak's own processes held up.
func textOwn(out *strings.Builder, r Report, role string) {
	n, grows, open := 0, []string{}, []string{}
	for _, s := range r.Series {
		if s.Process != role {
			continue
		}
		n++
		switch s.Verdict {
		case soak.Leaking:
			grows = append(grows, fmt.Sprintf("%s %s/h", s.Metric, signed(s.Slope, s.Unit)))
		case soak.Inconclusive:
			open = append(open, s.Metric)
		}
	}
	switch {
	case n == 0:
	case len(grows) > 0:
		fmt.Fprintf(out, "The %s, a part of soak, grows itself: %s\n", role, strings.Join(grows, ", "))
	case len(open) > 0:
		fmt.Fprintf(out, "The %s, a part of soak: no growth shown; open: %s\n", role, strings.Join(open, ", "))
	default:
		fmt.Fprintf(out, "The %s, a part of soak: no growth in %s\n", role, count(n, "resource"))
	}
}

// slope is a series' slope, and zero where it vanishes beside its interval.
func slope(s Series) soak.Float {
	if math.Abs(float64(s.Slope)) < (float64(s.Hi)-float64(s.Lo))/1000 {
		return 0
	}
	return s.Slope
}

func atLeast(v soak.Float, unit string) string {
	if v != v {
		return "–"
	}
	return "≥ " + amount(v, unit)
}

func amount(v soak.Float, unit string) string { return detect.Human(float64(v), unit) }

func signed(v soak.Float, unit string) string {
	s := amount(v, unit)
	if v > 0 && !strings.HasPrefix(s, "0") {
		return "+" + s
	}
	return s
}

// seconds writes a latency with three significant figures.
func seconds(v soak.Float) string {
	switch {
	case v != v:
		return "–"
	case v < 1e-3:
		return fmt.Sprintf("%.3g µs", float64(v)*1e6)
	case v < 1:
		return fmt.Sprintf("%.3g ms", float64(v)*1e3)
	default:
		return fmt.Sprintf("%.3g s", float64(v))
	}
}

// duration writes a length of time as people say it: 2 min 6 s, 6 h 12 min.
func duration(s float64) string {
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
}

// clock writes a time on the run's line as minutes and seconds.
func clock(d time.Duration) string {
	d = d.Round(time.Second)
	return fmt.Sprintf("+%d:%02d", d/time.Minute, d%time.Minute/time.Second)
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
