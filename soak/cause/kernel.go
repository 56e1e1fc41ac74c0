package cause

import (
	"fmt"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// DescriptorFamilies are the families that count descriptors by kind.
var DescriptorFamilies = []string{"fds_kind", "fds_file", "sockets", "sockets_peer", "udp_sockets", "unix_sockets", "other_sockets"}

// socketFamilies are the families that count sockets.
var socketFamilies = []string{"sockets", "udp_sockets", "unix_sockets", "other_sockets"}

// descriptors finds the kinds of descriptor that grow, and places where goroutines
// grow at the same rate.
func (f *finder) descriptors(l Leak, out *Finding) {
	kinds, suspect := f.parts(l, "fds_kind"), false
	if len(kinds) == 0 {
		kinds = f.account(l, "fds_kind")
		suspect = true
	}
	for _, p := range kinds {
		kind := p.labels["kind"]
		words := []string{fmt.Sprintf("%s: %.0f → %.0f", kind, p.first, p.last)}
		c := Culprit{Share: share(p, l), Suspect: suspect}
		switch kind {
		case "socket":
			words = f.sockets(l, p)
		case "file", "deleted":
			dirs := f.parts(l, "fds_file")
			if len(dirs) == 0 {
				dirs = f.account(l, "fds_file")
			}
			for _, dir := range dirs {
				words = append(words, "in "+dir.labels["dir"])
			}
		}
		if len(words) == 1 { // neither a peer, nor a state, nor a folder
			c.Kind = kind
		}
		c.Detail = strings.Join(append(words, f.ages(l, kind)...), ", ")
		out.Culprits = append(out.Culprits, c)
	}
	if len(kinds) == 0 { // too few readings by kind, or only sockets leak
		for _, p := range f.parts(l, socketFamilies...) {
			out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: fmt.Sprintf("%s: %.0f → %.0f", socketWords(p), p.first, p.last)})
		}
	}
	out.Culprits = append(out.Culprits, f.correlated(l, "descriptors")...)
	if len(out.Culprits) == 0 {
		out.Note = "no kind of descriptor grows significantly"
	}
}

// ages describes how long the descriptors of a kind have been observed to be open.
func (f *finder) ages(l Leak, kind string) (words []string) {
	for _, a := range []struct{ family, words string }{{"fds_age_seconds", "half of them open for at least "}, {"fds_oldest_seconds", "the oldest for at least "}} {
		if p, ok := f.part(l, soak.LabelName(a.family, "kind", kind)); ok && p.last >= 1 {
			words = append(words, a.words+human.Duration(time.Duration(p.last*float64(time.Second))))
		}
	}
	return words
}

// sockets names the peer, or else the protocols, states and peers, of the sockets
// that grow.
func (f *finder) sockets(l Leak, all part) []string {
	peers := f.parts(l, "sockets_peer")
	if len(peers) == 0 {
		peers = f.account(l, "sockets_peer")
	}
	words := []string{fmt.Sprintf("socket: %.0f → %.0f", all.first, all.last)}
	if len(peers) > 0 && peers[0].Slope > all.Slope/2 {
		words = []string{fmt.Sprintf("sockets, %s: %.0f → %.0f (all sockets: %.0f → %.0f)", peerWords(peers[0]), peers[0].first, peers[0].last, all.first, all.last)}
		peers = nil
	}
	states := f.parts(l, socketFamilies...)
	if len(states) == 0 {
		states = f.account(l, "sockets")
	}
	for _, p := range states {
		words = append(words, socketWords(p))
	}
	for _, p := range peers[:min(len(peers), 2)] {
		words = append(words, peerWords(p))
	}
	return words
}

// peerWords describes the connections of a peer: "established to 10.0.0.7:443".
func peerWords(p part) string {
	label := p.labels["peer"]
	space := strings.LastIndexByte(label, ' ')
	if space < 0 {
		return label
	}
	who, state := label[:space], label[space+1:]
	if strings.HasPrefix(who, "clients of ") {
		return state + " from " + who
	}
	return state + " to " + who
}

// stateMeans explains a growing number of TCP sockets in a state.
var stateMeans = map[string]string{
	"close_wait":  "the peer has closed the connection, the program has not",
	"established": "connections stay open",
	"fin_wait2":   "the program has closed the connection, the peer has not",
	"syn_sent":    "connection attempts are not answered",
}

func socketWords(p part) string {
	state := p.labels["state"]
	if p.name == "other_sockets" {
		return "sockets in no kernel table (never bound or connected, or reset by the peer and not closed)"
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

// threads finds the names of threads that grow, and places where goroutines grow at
// the same rate.
func (f *finder) threads(l Leak, out *Finding) {
	for _, p := range f.parts(l, "threads_comm") {
		out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: fmt.Sprintf("threads named %s: %.0f → %.0f", p.labels["comm"], p.first, p.last)})
	}
	out.Culprits = append(f.correlated(l, "threads"), out.Culprits...)
	if len(out.Culprits) == 0 {
		out.Note = "no name of threads grows significantly"
	}
}

// children finds the programs, and for zombies the parent that does not wait for them.
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
			detail += fmt.Sprintf(", exited, but their parent %s does not wait for them", parent)
		case zombie:
			detail += ", exited, but no process waits for them"
		case parent != "":
			detail += ", started by " + parent
		}
		out.Culprits = append(out.Culprits, Culprit{Share: share(p, l), Detail: detail})
	}
	if len(out.Culprits) == 0 {
		out.Note = "no name of children grows significantly"
	}
}
