package supervise

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// ident names one process for good: its pid and its start time in clock ticks
// since boot (proc_pid_stat(5), field 22).
type ident struct {
	pid   int
	start uint64
}

// proc is what /proc/PID/stat says of a process's place in the tree.
type proc struct {
	ident
	ppid, group, session int
	state                string
	name                 string
}

func (p proc) zombie() bool { return p.state == "Z" || p.state == "X" }

func (p proc) String() string { return fmt.Sprintf("pid %d (%s)", p.pid, p.name) }

// byAge orders processes, the oldest first.
func byAge(a, b proc) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.pid, b.pid)) }

// errStat is a /proc/PID/stat that cannot be read.
var errStat = errors.New("unknown format of /proc/PID/stat")

func readProc(pid int) (proc, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return proc{}, err
	}
	return parseStat(b)
}

// parseStat reads the few fields of proc_pid_stat(5) that matter here; a look
// at the tree reads them of every process, so the other fields are left alone.
// The name is in parentheses and may hold any character, these included.
func parseStat(b []byte) (proc, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return proc{}, errStat
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 20 {
		return proc{}, errStat
	}
	p := proc{state: f[0], name: string(b[open+1 : end])}
	var errs [5]error
	p.pid, errs[0] = strconv.Atoi(strings.TrimSpace(string(b[:open])))
	p.ppid, errs[1] = strconv.Atoi(f[1])
	p.group, errs[2] = strconv.Atoi(f[2])
	p.session, errs[3] = strconv.Atoi(f[3])
	p.start, errs[4] = strconv.ParseUint(f[19], 10, 64)
	return p, errors.Join(errs[:]...)
}

// pids lists all processes.
func pids() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var out []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			out = append(out, pid)
		}
	}
	return out, nil
}

// tree is a look at all processes, by pid. It is not atomic: a process whose
// parent ended meanwhile may name a parent that is not in it.
type tree map[int]proc

func readTree() (tree, error) {
	all, err := pids()
	if err != nil {
		return nil, err
	}
	t := make(tree, len(all))
	for _, pid := range all {
		if p, err := readProc(pid); err == nil { // else it ended meanwhile
			t[pid] = p
		}
	}
	return t, nil
}

// chain is the process and its ancestors, itself first, as far as they are known.
func (t tree) chain(pid int) []proc {
	var out []proc
	for len(out) < len(t) { // pids that were recycled during the look could make a circle
		p, ok := t[pid]
		if !ok {
			break
		}
		out = append(out, p)
		pid = p.ppid
	}
	return out
}

// within tells whether pid is root or one of its descendants.
func (t tree) within(pid, root int) bool {
	return slices.ContainsFunc(t.chain(pid), func(p proc) bool { return p.pid == root })
}

// command is a process's command line in short, without secrets.
func command(pid int) string {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return "gone"
	}
	args, err := p.CmdLine()
	if err != nil || len(args) == 0 {
		name, _ := p.Comm()
		return name
	}
	const most = 80
	line := []rune(strings.TrimSpace(printable([]byte(strings.Join(redact(args), " ")), false)))
	if len(line) > most {
		line = append(line[:most], '…')
	}
	return string(line)
}

// environMarks are the values of markVar that a process was started with.
func environMarks(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil
	}
	for kv := range strings.SplitSeq(string(b), "\x00") {
		if v, ok := strings.CutPrefix(kv, markVar+"="); ok {
			return strings.Split(v, ",")
		}
	}
	return nil
}
