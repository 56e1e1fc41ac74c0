package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"soakmon/soak"
	"soakmon/soak/human"
)

// mostLoadLines is the maximum number of loads with lines of their own; more loads
// are listed in a table.
const mostLoadLines = 3

// textLoad says what the loads did.
func textLoad(out *strings.Builder, r Report) {
	if c := r.Plan.Conditions; c != nil {
		fmt.Fprintf(out, "Network   %s in each direction, emulated by a relay between driver and server\n", c)
	}
	if len(r.Load) > mostLoadLines {
		textLoads(out, r.Load)
		return
	}
	for _, l := range r.Load {
		textLoadLine(out, l, errorList(l)+textDatagrams(l.Datagrams))
		fmt.Fprintf(out, "; latency p50 %s  p95 %s  p99 %s  max %s\n", seconds(l.Latency.P50), seconds(l.Latency.P95), seconds(l.Latency.P99), seconds(l.Latency.Max))
		for _, line := range l.latestErrors() {
			fmt.Fprintf(out, "          %s\n", line)
		}
	}
}

// textLoadLine says what one load did, or several together.
func textLoadLine(out *strings.Builder, l Load, aside string) {
	fmt.Fprintf(out, "Load      %s: %s planned, %s achieved; %s, %d late, %d failed%s\n", l.Name, human.Rate(l.Planned), human.Rate(l.Achieved),
		human.Count(int(l.Operations), "operation"), l.Late, l.Failed, aside)
	fmt.Fprintf(out, "          %s", human.Count(int(l.Sessions), "session"))
	if l.Dirty > 0 {
		fmt.Fprintf(out, ", plus %s dirty ones (%s)", human.Integer(l.Dirty), kindList(l.DirtyKinds))
	}
}

// textLoads writes a line for all loads together, a table in 80 columns, and the
// failures below it.
func textLoads(out *strings.Builder, loads []Load) {
	all := Load{Name: human.Count(len(loads), "load"), DirtyKinds: map[string]int64{}}
	for _, l := range loads {
		all.Planned += l.Planned
		all.Achieved += l.Achieved
		all.Operations += l.Operations
		all.Late += l.Late
		all.Failed += l.Failed
		all.Dirty += l.Dirty
		for kind, n := range l.DirtyKinds {
			all.DirtyKinds[kind] += n
		}
		all.Sessions += l.Sessions
	}
	textLoadLine(out, all, "")
	out.WriteString("\n\n")
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "LOAD\tRATE\tDONE\tLATE\tFAILED\tSESSIONS\tP50\tP99")
	for _, l := range loads {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", l.Name, human.Rate(l.Achieved), human.Integer(l.Operations), l.Late, l.Failed, human.Integer(l.Sessions), seconds(l.Latency.P50), seconds(l.Latency.P99))
	}
	tw.Flush()
	for _, l := range loads {
		if d := l.Datagrams; l.Failed == 0 && (d == nil || *d == soak.Datagrams{}) {
			continue
		}
		for _, line := range l.failures() {
			fmt.Fprintf(out, "  · %s: %s\n", l.Name, line)
		}
	}
	out.WriteString("\n")
}

func errorList(l Load) string {
	if len(l.Errors) == 0 {
		return ""
	}
	return " (" + kindList(l.Errors) + ")"
}

func kindList(count map[string]int64) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, human.Integer(count[kind])+" × "+kind)
	}
	return strings.Join(parts, ", ")
}

// errorExamples is [errorList] with the text of the latest error of each kind, for a
// line without [Load.latestErrors] below it.
func errorExamples(l Load) string {
	if len(l.Errors) == 0 {
		return ""
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(l.Errors)) {
		part := human.Integer(l.Errors[kind]) + " × " + kind
		if text := l.Examples[kind]; text != "" {
			part += ": " + text
		}
		parts = append(parts, part)
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// latestErrors are lines with the text of the latest error of each kind.
func (l Load) latestErrors() (lines []string) {
	for _, kind := range slices.Sorted(maps.Keys(l.Examples)) {
		lines = append(lines, fmt.Sprintf("latest %s error: %s", kind, l.Examples[kind]))
	}
	return lines
}

// failures are lines that say which operations of a load failed, and how.
func (l Load) failures() []string {
	if counts := strings.Trim(errorList(l)+textDatagrams(l.Datagrams), " ();,"); counts != "" {
		return append([]string{counts}, l.latestErrors()...)
	}
	return nil
}
