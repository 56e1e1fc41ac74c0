package probes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
)

func init() {
	gauge := func(name, help string) soak.Metric {
		return soak.Metric{Name: name, Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: help}
	}
	metrics := []soak.Metric{
		gauge("children", "Living descendants, those included that lost their parent since they were first seen with the tree."),
		gauge("zombies", "Descendants that ended and that nobody has waited for."),
		gauge("children_comm", "Descendants by name, parent and whether they are zombies, with numbers in names as *."),
	}
	register(spec{name: "tree", class: finder, every: time.Second, weight: 0.25, metrics: metrics, open: func(e *env) Probe {
		return &tree{metrics, e.family, newTally("children_comm", "child")}
	}})
}

// tree counts the descendants, and tells the summing probes of them.
type tree struct {
	metrics []soak.Metric
	family  *family
	names   *tally
}

func (t *tree) Metrics() []soak.Metric { return t.metrics }

func (t *tree) Close() error { return nil }

func (t *tree) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	t.names.reset()
	living, zombies, err := t.family.scan(t.names)
	if err != nil {
		return nil, err
	}
	return append(t.names.samples(p.Role),
		soak.Sample{Process: p.Role, Metric: "children", Value: float64(living)},
		soak.Sample{Process: p.Role, Metric: "zombies", Value: float64(zombies)},
	), nil
}

// scan walks down from the process and counts. Where the tree is asked for, a
// descendant once found stays in the family until it ends, also when its
// parent ends before it and it is handed to another one. Their names are
// tallied.
func (f *family) scan(names *tally) (living, zombies int, err error) {
	w := &walk{family: f, ended: make(map[int]stat), names: names, comms: make(map[int]string), seen: make(map[int]bool), children: f.lister()}
	before := f.members()
	if st, err := before[0].stat(); err == nil {
		w.comms[before[0].pid] = st.comm
	}
	w.all = append(w.all, before[0])
	w.seen[before[0].pid] = true
	w.next = append(w.next, before[0].pid)
	for _, m := range before[1:] {
		w.keep(m)
	}
	for len(w.next) > 0 {
		pid := w.next[0]
		w.next = w.next[1:]
		for _, child := range w.children(pid) {
			if err := w.visit(child); err != nil && w.err == nil {
				w.err = err
			}
		}
	}
	f.ended = w.ended
	f.scans++
	if f.tree {
		f.replace(w.all, w.err)
	}
	return w.living, w.zombies, w.err
}

// rereadZombies is how many scans a zombie is taken for one unread: its number
// could be given to another child of the same parent.
const rereadZombies = 16

// walk is one scan under way.
type walk struct {
	family          *family
	names           *tally
	comms           map[int]string // of the living, by pid
	ended           map[int]stat   // zombies, by pid
	children        func(pid int) []int
	seen            map[int]bool
	next            []int
	all             []*member
	living, zombies int
	err             error
}

// keep takes a member of before.
func (w *walk) keep(m *member) {
	if st, err := m.stat(); err == nil {
		w.all = append(w.all, m)
		w.count(m.pid, st)
	}
}

func (w *walk) count(pid int, st stat) {
	w.seen[pid] = true
	of := " of " + pattern(w.comms[int(st.ppid)])
	if w.comms[int(st.ppid)] == "" {
		of = "" // it lost its parent
	}
	if st.ended() {
		w.zombies++
		w.ended[pid] = st
		w.names.add("zombie "+pattern(st.comm)+of, 1)
		return
	}
	w.living++
	w.comms[pid] = st.comm
	w.names.add(pattern(st.comm)+of, 1)
	w.next = append(w.next, pid)
}

// visit counts a child that is not a member by now, and makes it one.
func (w *walk) visit(pid int) error {
	if w.seen[pid] {
		return nil
	}
	// A zombie stays one for as long as its parent lists it; there may be many,
	// so that they are read again once in a while only.
	if st, ok := w.family.ended[pid]; ok && w.family.scans%rereadZombies != 0 {
		w.count(pid, st)
		return nil
	}
	b, err := os.ReadFile(filepath.Join(w.family.proc, strconv.Itoa(pid), "stat"))
	if ended(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pid %d: %w", pid, err)
	}
	st, err := parseStat(b)
	if err != nil {
		return err
	}
	st.comm = commOf(b)
	if st.ended() || !w.family.tree {
		w.count(pid, st)
		return nil
	}
	m, err := openMember(w.family.proc, pid, st.start)
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	w.count(pid, st)
	if len(w.all) < keptMembers {
		m.kept = make(map[string]*os.File)
	}
	w.all = append(w.all, m)
	return nil
}

// lister chooses how to find children: by the kernel's lists, a file per
// thread (proc_tid_children(5)), or, in a kernel without them, from the parent
// of every process there is.
func (f *family) lister() func(pid int) []int {
	pid := strconv.Itoa(f.first().pid)
	if _, err := os.Stat(filepath.Join(f.proc, pid, "task", pid, "children")); errors.Is(err, fs.ErrNotExist) {
		byParent := f.parents()
		return func(pid int) []int { return byParent[pid] }
	}
	return f.listed
}

func (f *family) listed(pid int) []int {
	tasks := filepath.Join(f.proc, strconv.Itoa(pid), "task")
	var all []int
	for _, tid := range numbered(tasks) {
		b, _ := os.ReadFile(filepath.Join(tasks, strconv.Itoa(tid), "children")) // a thread that ended has none
		for word := range strings.FieldsSeq(string(b)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

func (f *family) parents() map[int][]int {
	byParent := make(map[int][]int)
	for _, pid := range numbered(f.proc) {
		b, err := os.ReadFile(filepath.Join(f.proc, strconv.Itoa(pid), "stat"))
		if err != nil {
			continue // it ended
		}
		if st, err := parseStat(b); err == nil {
			byParent[int(st.ppid)] = append(byParent[int(st.ppid)], pid)
		}
	}
	return byParent
}

// numbered lists the entries of a folder whose names are numbers.
func numbered(folder string) []int {
	dir, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var all []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return all
}
