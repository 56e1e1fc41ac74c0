package supervise

import "slices"

// markVar is set in the environment of every child; its value lists the marks
// of the child and of the supervisors above it.
const markVar = "SOAK_SUPERVISED"

// member is what is known of a child and of the processes that it started.
type member struct {
	ident
	mark     string
	held     bool           // by a pipe on its standard input: it is one of our own and stays in its session
	known    map[ident]bool // seen to be its kin
	followed ident          // kin that somebody else waits for
}

// kinOf tells whose kin a process is, or nil. Only descendants of self can be
// anybody's. A process is the kin of the nearest one above it, itself first,
// that is known; failing that its topmost ancestor below self is judged as a
// stray, since that one was orphaned and came to us.
func kinOf(p proc, t tree, self int, members []*member, marks func(pid int) []string) *member {
	line := t.chain(p.pid)
	top := slices.IndexFunc(line, func(q proc) bool { return q.ppid == self })
	if top < 0 {
		line = line[:min(1, len(line))] // not ours, or torn by an exit: only what was known before counts
	} else {
		line = line[:top+1]
	}
	for _, q := range line {
		for _, m := range members {
			if q.ident == m.ident || m.known[q.ident] {
				return m
			}
			if top >= 0 && (q.session == m.pid || q.group == m.pid) && q.start >= m.start {
				return m
			}
		}
	}
	if top < 0 || line[top].session == t[self].session {
		return nil // not ours, or started by this program by other means
	}
	return strayOf(line[top], members, marks(line[top].pid))
}

// strayOf tells whose an orphan in a session of its own is: by its mark, and
// where its environment was wiped (daemons that set their title do that) the
// youngest member that is older.
func strayOf(p proc, members []*member, marks []string) *member {
	var best *member
	for _, m := range members {
		if slices.Contains(marks, m.mark) {
			return m
		}
		if !m.held && m.start <= p.start && (best == nil || m.start > best.start) {
			best = m
		}
	}
	return best
}
