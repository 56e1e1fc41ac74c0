package supervise

import (
	"slices"
	"strings"

	"soakmon/soak/procfs"
)

// proc is where processes are looked up: this package supervises real ones.
const proc = procfs.Default

// snapshot is a look at all processes, by pid. It is not atomic: a process whose
// parent ended meanwhile may name a parent that is not in it.
type snapshot map[int]procfs.Stat

func readSnapshot() (snapshot, error) { return proc.Snapshot() }

// chain is the process and its ancestors, itself first, as far as they are known.
func (t snapshot) chain(pid int) []procfs.Stat {
	var out []procfs.Stat
	for len(out) < len(t) { // pids that were recycled during the scan could make a circle
		p, ok := t[pid]
		if !ok {
			break
		}
		out = append(out, p)
		pid = p.Parent
	}
	return out
}

// within reports whether pid is root or one of its descendants.
func (t snapshot) within(pid, root int) bool {
	return slices.ContainsFunc(t.chain(pid), func(p procfs.Stat) bool { return p.PID == root })
}

// command is a process's command line in short, without secrets.
func command(pid int) string {
	args, err := proc.CommandLine(pid)
	if err != nil || len(args) == 0 {
		st, err := proc.Stat(pid)
		if err != nil {
			return "gone"
		}
		return st.Comm
	}
	const most = 80
	line := []rune(strings.TrimSpace(printable([]byte(strings.Join(redact(args), " ")), false)))
	if len(line) > most {
		line = append(line[:most], '…')
	}
	return string(line)
}
