package cause

import (
	"fmt"
	"strings"

	"soakmon/soak"
)

// descriptors names the kinds of descriptor that grow, and goroutines that grow
// beside them.
func (f *finder) descriptors(l Leak, out *Finding) {
	total := 0.0
	for _, p := range f.parts(l, descriptorFamilies...) {
		out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: fmt.Sprintf("%s: %.0f → %.0f", socketWords(p), p.first, p.last)})
		total += float64(share(p, l))
	}
	if total > 0 {
		out.Explained = soak.Float(min(1, total))
	}
	out.Culprits = append(out.Culprits, f.beside(l, "descriptors")...)
	if len(out.Culprits) == 0 {
		out.Note = "no kind of descriptor grows for certain"
	}
}

// descriptorFamilies are the series that tell descriptors apart.
var descriptorFamilies = []string{"sockets", "udp_sockets", "unix_sockets", "other_sockets"}

// stateMeans says what a growing number of TCP sockets in a state is a sign of.
var stateMeans = map[string]string{
	"close_wait":  "the peer has closed, and the program has not",
	"established": "connections stay open",
	"fin_wait2":   "the program has closed, and the peer does not",
	"syn_sent":    "connections are begun, and nobody answers",
}

func socketWords(p part) string {
	words := strings.ReplaceAll(family(p.name), "_", " ")
	if state := p.labels["state"]; state != "" {
		words = "TCP sockets in " + strings.ToUpper(state)
		if why := stateMeans[state]; why != "" {
			words += " (" + why + ")"
		}
	}
	return words
}

// threads names goroutines that hold threads.
func (f *finder) threads(l Leak, out *Finding) {
	out.Culprits = f.beside(l, "threads")
	if len(out.Culprits) > 0 {
		out.Explained = out.Culprits[0].Share
	}
}

func (f *finder) children(l Leak, out *Finding) {}

// memory tells which part of the resident memory grows.
func (f *finder) memory(l Leak, out *Finding) {
	heap, ok := f.part(l, "go_heap_live_bytes")
	if ok && heap.Slope > l.Slope/2 {
		out.Resource = Heap
		f.heap(l, out)
	}
}
