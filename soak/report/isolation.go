package report

import (
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/cause"
)

// isolation reports, for a run in which the loads ran alone in turns, which series
// grows with which load: every series that leaks, and every undecided one that
// grows with at least one load.
func (b *builder) isolation(r *Report) (all []cause.Isolation) {
	if !b.plan.Isolate {
		return nil
	}
	for _, s := range r.Series {
		if s.Process != soak.RoleTarget || s.Verdict == soak.Clean || slices.ContainsFunc(all, func(i cause.Isolation) bool { return i.Metric == s.Metric }) {
			continue
		}
		i := cause.Isolate(b.src, b.leak(s), b.plan.Load, b.phases)
		if i != nil && (s.Verdict == soak.Leaking || len(i.Grows) > 0) {
			all = append(all, *i)
		}
	}
	if len(all) == 0 {
		r.warn("no resource of the target grows beyond chance while one of the loads runs alone")
	}
	return all
}

// isolated says why an isolated run cannot be clean.
func (b *builder) isolated() string {
	if !b.plan.Isolate {
		return ""
	}
	return fmt.Sprintf("each of %d loads ran alone for only part of the time: such a run can find the load that leaks, but cannot show that none does", len(b.plan.Load))
}

func textIsolation(out *strings.Builder, r Report) {
	for _, i := range r.Isolation {
		fmt.Fprintf(out, "\nALONE  %s\n", i.Sentence)
		for _, line := range i.Lines() {
			fmt.Fprintf(out, "       %s\n", line)
		}
	}
}

func mdIsolation(out *strings.Builder, r Report) {
	for _, i := range r.Isolation {
		fmt.Fprintf(out, "**Alone** %s\n\n", Escape(i.Sentence))
		for _, line := range i.Lines() {
			fmt.Fprintf(out, "- %s\n", Escape(line))
		}
		out.WriteString("\n")
	}
}
