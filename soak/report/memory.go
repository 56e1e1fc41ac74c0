package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/human"
	"soakmon/soak/judge"
)

// FreeSpans is the kind of the statement that resident memory grew because the
// Go runtime keeps what the program has freed. It is a stable name.
const FreeSpans judge.StatementKind = "runtime_keeps_free_spans"

// memory adds a breakdown of the resident memory if the report mentions memory, and
// a statement if the runtime's free spans, which are not a leak, explain its growth.
func (b *builder) memory(r *Report) {
	from, to := b.steady()
	grown := ""
	if !memoryLeaks(r) {
		grown = keptByRuntime(cause.SplitMemory(b.src, 0, to))
	}
	if grown != "" {
		from = 0 // the breakdown then starts before the growth
		r.Statements = append(r.Statements, judge.Statement{Kind: FreeSpans, Process: soak.RoleTarget, Metrics: []string{"rss_bytes", "go_heap_live_bytes", "go_heap_idle_bytes", "go_heap_released_bytes"}, Text: grown})
	}
	mentioned := grown != "" ||
		slices.ContainsFunc(r.Findings, func(f cause.Finding) bool { return f.Resource == cause.Heap || f.Resource == cause.Native }) ||
		slices.ContainsFunc(r.Statements, func(s judge.Statement) bool { return s.Kind == judge.OutsideHeap || s.Kind == judge.HeapFirst })
	if !mentioned {
		return
	}
	if s := cause.SplitMemory(b.src, from, to); len(s.Parts) > 1 {
		r.Memory = &Memory{Split: s, From: from.Seconds(), To: to.Seconds()}
	}
}

// memoryLeaks reports whether a verdict says that the target leaks memory. No
// statement may contradict it.
func memoryLeaks(r *Report) bool {
	return slices.ContainsFunc(r.Series, func(s Series) bool {
		return s.Process == soak.RoleTarget && s.Unit == "bytes" && s.Verdict == soak.Leaking
	})
}

// Free spans are worth reporting if they explain the growth of the resident set.
const (
	leastKept = 16 << 20 // minimum growth of free spans and dead objects, in bytes,
	mostlyOf  = 0.5      // and as a share of the growth of the resident set
	flat      = 0.1      // maximum growth of the live heap, as a share of it
)

// keptByRuntime describes resident memory that grew while the live heap did not,
// because the runtime keeps free spans. It is "" for any other memory.
func keptByRuntime(s cause.Split) string {
	rss, ok := s.Part("rss")
	live, ok2 := s.Part("live_heap")
	kept, ok3 := s.Part("kept")
	if !ok || !ok2 || !ok3 || kept.Change < leastKept || kept.Change < mostlyOf*rss.Change || live.Change > flat*rss.Change || rss.Change <= 0 {
		return ""
	}
	return fmt.Sprintf("the live heap is flat (%s → %s) and the resident set grew from %s to %s: the Go runtime keeps %s of free spans and dead objects. This is not a leak: the runtime reuses them and returns what stays free to the system",
		amount(live.Early), amount(live.Late), amount(rss.Early), amount(rss.Late), amount(kept.Late))
}

func offset(seconds float64) string {
	return human.Offset(time.Duration(seconds * float64(time.Second)))
}

func amount(v soak.Float) string { return human.Amount(v, "bytes") }

// MemoryRows are the rows of the table of [Report.Memory]: name, early, late,
// change.
func (r Report) MemoryRows() (rows [][4]string) {
	if r.Memory == nil {
		return nil
	}
	for _, p := range r.Memory.Parts {
		rows = append(rows, [4]string{p.Words, amount(p.Early), amount(p.Late), human.Signed(p.Change, "bytes")})
	}
	return rows
}

// Memory is the breakdown of the target's resident memory over an interval of the
// run.
type Memory struct {
	cause.Split
	From float64 `json:"from_s"`
	To   float64 `json:"to_s"`
}

func mdMemory(out *strings.Builder, r Report) {
	rows := r.MemoryRows()
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(out, "| memory of the target | %s | %s | change |\n|---|---:|---:|---:|\n", offset(r.Memory.From), offset(r.Memory.To))
	for _, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row[:], " | "))
	}
	out.WriteString("\n")
}

func textMemory(out *strings.Builder, r Report) {
	rows := r.MemoryRows()
	if len(rows) == 0 {
		return
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "\nMEMORY OF THE TARGET\t%s\t%s\tCHANGE\n", offset(r.Memory.From), offset(r.Memory.To))
	for _, row := range rows {
		fmt.Fprintln(tw, strings.Join(row[:], "\t"))
	}
	tw.Flush()
}
