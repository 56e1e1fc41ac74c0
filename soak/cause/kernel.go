package cause

import (
	"fmt"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// DescriptorFamilies are the series that tell descriptors apart.
var DescriptorFamilies = []string{"fds_kind", "fds_file", "sockets", "sockets_peer", "udp_sockets", "unix_sockets", "other_sockets"}

// socketFamilies are those of sockets.
var socketFamilies = []string{"sockets", "udp_sockets", "unix_sockets", "other_sockets"}

// descriptors names the kinds of descriptor that grow, and goroutines that grow
// beside them.
func (f *finder) descriptors(l Leak, out *Finding) {
	kinds := f.parts(l, "fds_kind")
	for _, p := range kinds {
		words := []string{fmt.Sprintf("%s: %.0f → %.0f", p.labels["kind"], p.first, p.last)}
		switch p.labels["kind"] {
		case "socket":
			words = append(words, f.sockets(l)...)
		case "file", "deleted":
			for _, dir := range f.parts(l, "fds_file") {
				words = append(words, "in "+dir.labels["dir"])
			}
		}
		words = append(words, f.ages(l, p.labels["kind"])...)
		out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: strings.Join(words, ", ")})
	}
	if len(kinds) == 0 { // read too seldom, or a leak of sockets alone
		for _, p := range f.parts(l, socketFamilies...) {
			out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: fmt.Sprintf("%s: %.0f → %.0f", socketWords(p), p.first, p.last)})
		}
	}
	explain(out)
	out.Culprits = append(out.Culprits, f.beside(l, "descriptors")...)
	if len(out.Culprits) == 0 {
		out.Note = "no kind of descriptor grows for certain"
	}
}

// ages tells how long the descriptors of a kind have been open, as far as that
// was seen.
func (f *finder) ages(l Leak, kind string) (words []string) {
	for _, a := range []struct{ family, words string }{{"fds_age_seconds", "half of them open for at least "}, {"fds_oldest_seconds", "the oldest for at least "}} {
		if p, ok := f.part(l, soak.LabelName(a.family, "kind", kind)); ok && p.last >= 1 {
			words = append(words, a.words+human.Duration(time.Duration(p.last*float64(time.Second))))
		}
	}
	return words
}

// explain adds up the shares of culprits that exclude each other.
func explain(out *Finding) {
	if len(out.Culprits) == 0 {
		return
	}
	total := soak.Float(0)
	for _, c := range out.Culprits {
		total += c.Share
	}
	out.Explained = min(1, total)
}

// sockets tells which protocols, states and peers grow.
func (f *finder) sockets(l Leak) (words []string) {
	for _, p := range f.parts(l, socketFamilies...) {
		words = append(words, socketWords(p))
	}
	for i, p := range f.parts(l, "sockets_peer") {
		if i == 2 {
			break
		}
		words = append(words, "peer "+p.labels["peer"])
	}
	return words
}

// stateMeans says what a growing number of TCP sockets in a state is a sign of.
var stateMeans = map[string]string{
	"close_wait":  "the peer has closed, and the program has not",
	"established": "connections stay open",
	"fin_wait2":   "the program has closed, and the peer does not",
	"syn_sent":    "connections are begun, and nobody answers",
}

func socketWords(p part) string {
	state := p.labels["state"]
	if p.name == "other_sockets" {
		return "sockets in no table (never bound or connected, or reset by the peer and not closed)"
	}
	if state == "" {
		return strings.ReplaceAll(soak.Family(p.name), "_", " ")
	}
	words := "TCP in " + strings.ToUpper(state)
	if why := stateMeans[state]; why != "" {
		words += " (" + why + ")"
	}
	return words
}

// threads names those that grow, and goroutines that hold threads.
func (f *finder) threads(l Leak, out *Finding) {
	for _, p := range f.parts(l, "threads_comm") {
		out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: fmt.Sprintf("threads named %s: %.0f → %.0f", p.labels["comm"], p.first, p.last)})
	}
	explain(out)
	out.Culprits = append(f.beside(l, "threads"), out.Culprits...)
	if len(out.Culprits) == 0 {
		out.Note = "no name of threads grows for certain"
	}
}

// children names the programs, and for zombies the parent that does not wait.
func (f *finder) children(l Leak, out *Finding) {
	for _, p := range f.parts(l, "children_comm") {
		name, zombie := strings.CutPrefix(p.labels["child"], "zombie ")
		if zombie != (l.Metric == "zombies") {
			continue
		}
		child, parent, _ := strings.Cut(name, " of ")
		detail := fmt.Sprintf("children named %s: %.0f → %.0f", child, p.first, p.last)
		switch {
		case zombie && parent != "":
			detail += fmt.Sprintf(", ended, and their parent %s does not wait for them", parent)
		case zombie:
			detail += ", ended, and nobody waits for them"
		case parent != "":
			detail += ", started by " + parent
		}
		out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: detail})
	}
	explain(out)
	if len(out.Culprits) == 0 {
		out.Note = "no name of children grows for certain"
	}
}
