package cause

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/floats"

	"soakmon/soak"
)

// Split is the composition of the resident memory of a process, early and late in an
// interval of a run. Its JSON names are stable.
type Split struct {
	Process string      `json:"process"`
	Parts   []SplitPart `json:"parts"` // the resident set itself is the first; unknown and empty parts are omitted
}

// SplitPart is one part of the memory, in bytes: the medians of the first and of the
// last fifth of its readings.
type SplitPart struct {
	Part   string     `json:"part"` // "rss", "live_heap", "kept" (the sum of "dead_heap" and "free_spans", which turn into each other), "stacks", "metadata", "native", "file", "shared", "swap"; without a Go runtime, mappings by name
	Words  string     `json:"words"`
	Early  soak.Float `json:"early_bytes"`
	Late   soak.Float `json:"late_bytes"`
	Change soak.Float `json:"change_bytes"`
}

// Part finds a part by its name.
func (s Split) Part(name string) (SplitPart, bool) {
	i := slices.IndexFunc(s.Parts, func(p SplitPart) bool { return p.Part == name })
	if i < 0 {
		return SplitPart{}, false
	}
	return s.Parts[i], true
}

// SplitMemory splits the resident memory of the target. For a Go program, the memory
// that its runtime reports is subtracted from the anonymous memory that the kernel
// counts; the remainder is native: cgo, mmap, stacks of threads. The runtime reports
// memory that it has obtained even if it is not resident, so a negative remainder
// counts as zero.
func SplitMemory(src Source, from, to time.Duration) Split {
	t := newTable(src, from, to)
	s := Split{Process: soak.RoleTarget}
	s.add("rss", "resident set", t.of("rss_bytes"))
	if inuse := t.of("go_heap_inuse_bytes"); inuse != nil {
		s.golang(t, inuse)
	} else {
		s.mappings(t)
	}
	s.add("file", "mapped files", t.of("rss_file_bytes"))
	s.add("shared", "shared memory", t.of("rss_shmem_bytes"))
	s.add("swap", "swapped out, not resident", t.of("swap_bytes"))
	return s
}

// golang adds the parts that a Go runtime reports, and the remaining anonymous memory.
func (s *Split) golang(t table, inuse column) {
	free := t.of("go_heap_idle_bytes").minus(t.of("go_heap_released_bytes"))
	if live := t.of("go_heap_live_bytes"); live != nil {
		dead := inuse.minus(live).atLeast0()
		s.add("live_heap", "live heap", live)
		s.add("kept", "retained by the runtime: dead objects and free spans", dead.plus(free))
		s.add("dead_heap", "of which dead objects and gaps between live ones", dead)
		s.add("free_spans", "of which free spans", free)
	} else {
		s.add("heap", "heap spans in use, including dead objects", inuse)
		s.add("free_spans", "free spans retained by the runtime", free)
	}
	stacks, metadata := t.of("go_stack_bytes"), t.of("go_metadata_bytes")
	s.add("stacks", "stacks of goroutines", stacks)
	s.add("metadata", "metadata of the runtime", metadata)
	if native := t.of("native_bytes"); native != nil { // the series that is judged, not another estimate of it
		s.add("native", "outside the Go heap: cgo, mmap, stacks of threads, initial metadata", native)
		return
	}
	anonymous := t.of("rss_anon_bytes")
	if native := anonymous.minus(inuse).minus(free).minus(stacks).minus(metadata); !inconsistent(native, anonymous) {
		s.add("native", "other anonymous: cgo, mmap, stacks of threads", native.atLeast0())
	}
}

// inconsistent reports whether the residual is too inconsistent to be meaningful. The
// kernel and the runtime are not read at the same instant. In a process that obtains
// and releases much memory in between, the residual is sometimes far too large and
// sometimes negative.
func inconsistent(residual, whole column) bool {
	return len(residual) > 0 && floats.Min(residual) < -overlap*floats.Max(whole)
}

// overlap is the share of a whole by which its parts may exceed it: memory that was
// obtained from the system but not yet touched.
const overlap = 0.25

// mostMappings is the maximum number of mappings of a program without a Go runtime.
const mostMappings = 6

// mappings adds the anonymous mappings that changed most.
func (s *Split) mappings(t table) {
	var all Split
	for _, n := range t.src.Names() {
		name := n.Label("mapping")
		if n.Process == soak.RoleTarget && soak.Family(n.Metric) == "mapping_bytes" && !strings.HasPrefix(name, "/") { // these are mapped files
			all.add(name, "mapping "+name, t.of(n.Metric))
		}
	}
	slices.SortStableFunc(all.Parts, func(a, b SplitPart) int {
		return cmp.Compare(math.Abs(float64(b.Change)), math.Abs(float64(a.Change)))
	})
	s.Parts = append(s.Parts, all.Parts[:min(len(all.Parts), mostMappings)]...)
}

// add adds a part if it is known and not zero at both ends.
func (s *Split) add(name, words string, c column) {
	known := slices.DeleteFunc(slices.Clone(c), math.IsNaN)
	if len(known) == 0 {
		return
	}
	fifth := max(1, len(known)/5)
	early, late := middle(known[:fifth]), middle(known[len(known)-fifth:])
	if early != 0 || late != 0 {
		s.Parts = append(s.Parts, SplitPart{name, words, soak.Float(early), soak.Float(late), soak.Float(late - early)})
	}
}

func middle(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }

// table reads series of the target at the same times, so that they can be added and
// subtracted.
type table struct {
	src Source
	at  []time.Duration
}

// newTable uses the times at which the Go runtime was read, or else the process.
func newTable(src Source, from, to time.Duration) table {
	for _, name := range []string{"go_heap_inuse_bytes", "rss_bytes"} {
		if s, err := src.Series(soak.SeriesOf(soak.RoleTarget, name)); err == nil {
			if at, _ := cut(s, from, to); len(at) > 0 {
				return table{src, at}
			}
		}
	}
	return table{src: src}
}

// column is a series at the times of a table: nil if it was not measured, NaN before
// its first value.
type column []float64

// of returns the newest value at each time.
func (t table) of(name string) column {
	s, err := t.src.Series(soak.SeriesOf(soak.RoleTarget, name))
	if err != nil || len(t.at) == 0 {
		return nil
	}
	at, value := cut(s, 0, t.at[len(t.at)-1])
	if len(at) == 0 {
		return nil
	}
	c, next := make(column, len(t.at)), 0
	for i, now := range t.at {
		for next < len(at) && at[next] <= now {
			next++
		}
		c[i] = math.NaN()
		if next > 0 {
			c[i] = value[next-1]
		}
	}
	return c
}

// minus is nil if c is nil. A value of d that was not measured counts as zero.
func (c column) minus(d column) column { return c.with(d, -1) }

// plus is nil if c is nil. A value of d that was not measured counts as zero.
func (c column) plus(d column) column { return c.with(d, 1) }

func (c column) with(d column, sign float64) column {
	out := slices.Clone(c)
	for i := range d {
		if i < len(out) && d[i] == d[i] {
			out[i] += sign * d[i]
		}
	}
	return out
}

func (c column) atLeast0() column {
	for i, v := range c {
		if v < 0 {
			c[i] = 0
		}
	}
	return c
}
