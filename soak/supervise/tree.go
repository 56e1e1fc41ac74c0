package supervise

import (
	"slices"
	"strings"

	"soakmon/soak/procfs"
)

// markVar is set in the environment of every child; its value lists the marks
// of the child and of the supervisors above it.
const markVar = "SOAK_SUPERVISED"

// treeRoot is what is known of the root of a tree: a child, and the processes
// that it started, directly or not.
type treeRoot struct {
	procfs.ID
	mark    string
	held    bool               // by a pipe on its standard input: it is one of our own and stays in its session
	known   map[procfs.ID]bool // seen in its tree
	awaited procfs.ID          // a process of its tree that the caller will wait for
}

// treeOf returns the root of the tree that a process belongs to, or nil. Only
// descendants of self belong to any. A process belongs to the tree of the nearest
// process above it, itself first, whose tree is known; failing that, its topmost
// ancestor below self decides, as an orphan that the kernel handed to us.
func treeOf(p procfs.Stat, all snapshot, self int, roots []*treeRoot, marks func(pid int) []string) *treeRoot {
	line := all.chain(p.PID)
	top := slices.IndexFunc(line, func(q procfs.Stat) bool { return q.Parent == self })
	if top < 0 {
		line = line[:min(1, len(line))] // not ours, or torn by an exit: only what was known before counts
	} else {
		line = line[:top+1]
	}
	for _, q := range line {
		for _, r := range roots {
			if q.ID == r.ID || r.known[q.ID] {
				return r
			}
			if top >= 0 && (q.Session == r.PID || q.Group == r.PID) && q.Start >= r.Start {
				return r
			}
		}
	}
	if top < 0 || line[top].Session == all[self].Session {
		return nil // not ours, or started by this program by other means
	}
	return treeOfOrphan(line[top], roots, marks(line[top].PID))
}

// treeOfOrphan returns the tree of an orphan in a session of its own: by its
// mark, or, where its environment was wiped (daemons that set their title do
// that), the tree of the youngest root that is older.
func treeOfOrphan(p procfs.Stat, roots []*treeRoot, marks []string) *treeRoot {
	var best *treeRoot
	for _, r := range roots {
		if slices.Contains(marks, r.mark) {
			return r
		}
		if !r.held && r.Start <= p.Start && (best == nil || r.Start > best.Start) {
			best = r
		}
	}
	return best
}

// environMarks are the values of markVar that a process was started with.
func environMarks(pid int) []string {
	v, ok := proc.Environ(pid, markVar)
	if !ok {
		return nil
	}
	return strings.Split(v, ",")
}
