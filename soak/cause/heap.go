package cause

import (
	"fmt"
	"strings"

	"soakmon/profiles"
	"soakmon/soak/human"
)

// heap finds the call sites whose live bytes grow.
func (f *finder) heap(l Leak, out *Finding) {
	s := f.course("heap", l)
	r := s.rank()
	if r.Snapshots < fewestOfSuspect {
		out.Note = s.few("heap")
		return
	}
	found := culprits(r, l)
	for _, site := range found {
		out.Culprits = append(out.Culprits, culprit(site, heapDetail(site)))
	}
	if len(found) == 0 {
		out.Explained = 0
		out.Note = fmt.Sprintf("no call site grows significantly in %d heap profiles: they sample one object per 512 KiB, and detect a site once it has grown by about 5 MiB", r.Snapshots)
	}
}

func heapDetail(s profiles.Site) string {
	words := []string{fmt.Sprintf("live %s → %s", human.Amount(s.First, "bytes"), human.Amount(s.Last, "bytes"))}
	if s.Counts > 0 {
		words = append(words, fmt.Sprintf("%s objects of %s more per hour", human.Amount(s.Counts, "count"), human.Amount(s.Slope/s.Counts, "bytes")))
	}
	if s.Likely {
		words = append(words, suspectWords)
	}
	if by := callers(s); by != "" {
		words = append(words, by)
	}
	return strings.Join(words, ", ")
}

// callers names the caller of the culprit, and the function that allocates for it.
func callers(s profiles.Site) string {
	for i, f := range s.Stack {
		if f != s.Frame {
			continue
		}
		var words []string
		if i > 0 && s.Stack[0].Package() != "runtime" {
			words = append(words, "allocated in "+s.Stack[0].Function)
		}
		if i+1 < len(s.Stack) && s.Stack[i+1].Package() != "runtime" {
			words = append(words, "called by "+s.Stack[i+1].String())
		}
		return strings.Join(words, ", ")
	}
	return ""
}
