package cause

import (
	"fmt"
	"strconv"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/human"
)

// memory finds the part of the resident memory that grows: the live Go heap, other
// memory of the Go runtime, or neither.
func (f *finder) memory(l Leak, out *Finding) {
	live, ok := f.part(l, "go_heap_live_bytes")
	outside := l.Metric == "native_bytes" // does not contain the Go heap
	if ok && !outside && live.Slope > l.Slope/2 && live.Lasts {
		out.Resource = Heap
		f.heap(l, out)
		out.Note = join(fmt.Sprintf("the live heap grows by %s", human.Growth(live.Slope, "bytes")), out.Note)
		return
	}
	if ok && !outside {
		f.golang(l, out)
	}
	for _, p := range f.parts(l, "mapping_bytes") {
		if s := share(p, l); s >= 0.05 && !(ok && p.labels["mapping"] == "Go heap") {
			kind, words := f.mapping(l, p)
			out.Culprits = append(out.Culprits, ofMemory(kind, words, p, s))
		}
	}
	if len(out.Culprits) == 0 {
		kinds := []string{"rss_anon_bytes", "rss_file_bytes", "rss_shmem_bytes"}
		if outside {
			kinds = nil // they contain the heap
		}
		for _, p := range f.parts(l, kinds...) {
			out.Culprits = append(out.Culprits, ofMemory(residentWords[p.name], residentWords[p.name], p, share(p, l)))
		}
	}
	if len(out.Culprits) == 0 {
		out.Note = join(out.Note, "no part of the resident memory grows significantly")
	}
}

// ofMemory is a culprit that is a part of the memory; kind is empty for a part with a
// name of its own, such as that of a file.
func ofMemory(kind, words string, p part, share soak.Float) Culprit {
	return Culprit{Share: share, Kind: kind, Detail: fmt.Sprintf("%s: %s → %s", words, human.Amount(p.first, "bytes"), human.Amount(p.last, "bytes"))}
}

// golang finds memory that the Go runtime retains in addition to the live heap.
func (f *finder) golang(l Leak, out *Finding) {
	retained := f.retained(l)
	for _, k := range []struct {
		part
		kind  string
		words string
		is    string
	}{
		{retained, "free spans retained by the Go runtime", "free spans retained by the Go runtime (not a leak of the program)", Native},
		{f.one(l, "go_stack_bytes"), "stacks of goroutines", "stacks of goroutines", Goroutine},
	} {
		if s := share(k.part, l); k.Lasts && k.P <= chance && s >= 0.05 {
			out.Culprits = append(out.Culprits, ofMemory(k.kind, k.words, k.part, s))
			if s > 0.5 {
				out.Resource = k.is
			}
		}
	}
	out.Note = "the live heap does not grow at this rate"
}

func (f *finder) one(l Leak, name string) part {
	p, _ := f.part(l, name)
	return p
}

// retained is the idle heap that has not been released to the system.
func (f *finder) retained(l Leak) part {
	idle, err := f.src.Series(soak.SeriesOf(l.Process, "go_heap_idle_bytes"))
	released, err2 := f.src.Series(soak.SeriesOf(l.Process, "go_heap_released_bytes"))
	if err != nil || err2 != nil || len(idle.At) != len(released.At) {
		return part{}
	}
	diff := soak.Series{Breaks: idle.Breaks, At: idle.At, Value: make([]float64, len(idle.At))}
	for i := range diff.At {
		diff.Value[i] = idle.Value[i] - released.Value[i]
	}
	at, value := cut(diff, l.From, l.To)
	if len(at) < profiles.Fewest {
		return part{}
	}
	return part{first: value[0], last: value[len(value)-1], Growth: profiles.Grow(at, value)}
}

// residentWords are the parts of resident memory that the kernel distinguishes.
var residentWords = map[string]string{
	"rss_anon_bytes":  "anonymous memory",
	"rss_file_bytes":  "mapped files",
	"rss_shmem_bytes": "shared memory",
}

// mapping describes the use of a mapping, and how it grows. kind is empty where the
// mapping has the name of a file.
func (f *finder) mapping(l Leak, p part) (kind, words string) {
	switch name := p.labels["mapping"]; name {
	case "[heap]":
		kind = "the malloc heap"
	case "malloc arenas":
		kind = "per-thread malloc arenas"
	case "anonymous":
		return "anonymous mappings", f.anonymous(l, p)
	case "shared anonymous":
		kind = "shared anonymous mappings"
	case "Go heap", "thread stacks":
		kind = name
	case "(other)":
		kind = "mappings of many other files"
	default:
		return "", "mapping " + name
	}
	return kind, kind
}

// anonymous distinguishes a growing number of mappings from a growing mapping.
func (f *finder) anonymous(l Leak, p part) string {
	for _, s := range f.parts(l, "anonymous_mappings_size") {
		size, err := strconv.ParseFloat(s.labels["size"], 64)
		if err == nil && s.Slope*size > p.Slope/2 {
			return fmt.Sprintf("anonymous mappings of %s each, growing in number, %.0f → %.0f (mmap, or large malloc blocks)", human.Amount(size, "bytes"), s.first, s.last)
		}
	}
	// The size of a mapping when it was first seen does not count as growth.
	if g := f.one(l, "anonymous_mapping_grown_bytes"); g.Lasts && g.P <= chance && g.Slope > p.Slope/4 {
		return "an anonymous mapping that grows in size (mmap, or large malloc blocks; adjacent blocks form one mapping)"
	}
	if n := f.one(l, "anonymous_mappings"); n.Lasts && n.P <= chance {
		return fmt.Sprintf("anonymous mappings of several sizes, growing in number, %.0f → %.0f (mmap, or large malloc blocks)", n.first, n.last)
	}
	return "anonymous mappings (mmap, or large malloc blocks)"
}
