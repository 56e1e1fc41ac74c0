package probes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		countGauge("children", "Living descendants, those included that lost their parent since they were first seen with the tree."),
		countGauge("zombies", "Descendants that ended and that nobody has waited for."),
		countGauge("children_comm", "Descendants by name, parent and whether they are zombies, with numbers in names as *."),
	}
	register(spec{name: "tree", class: finder, every: time.Second, weight: 0.25, metrics: metrics, open: func(e *env) Probe {
		return &descendants{metrics, e.tree, newTally("children_comm", "child")}
	}})
}

// descendants counts the descendants, and finds the processes that the other
// probes sum over.
type descendants struct {
	metrics []soak.Metric
	tree    *tree
	names   *tally
}

func (d *descendants) Metrics() []soak.Metric { return d.metrics }

func (d *descendants) Close() error { return nil }

func (d *descendants) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	d.names.reset()
	living, zombies, err := d.tree.scan(d.names)
	if err != nil {
		return nil, err
	}
	return append(d.names.samples(p.Role),
		p.Sample("children", float64(living)),
		p.Sample("zombies", float64(zombies)),
	), nil
}

// scan walks down from the process, counts, and tallies names. Where the tree is
// asked for, a descendant once found stays in it until it ends, also when its
// parent ends before it and the kernel hands it to another one.
func (t *tree) scan(names *tally) (living, zombies int, err error) {
	w := &walk{tree: t, ended: make(map[int]procfs.Stat), names: names, comms: make(map[int]string), seen: make(map[int]bool), children: t.lister()}
	before := t.processes()
	root := before[0]
	if st, err := root.Stat(); err == nil {
		w.comms[root.PID] = st.Comm
	}
	w.all = append(w.all, root)
	w.seen[root.PID] = true
	w.next = append(w.next, root.PID)
	for _, p := range before[1:] {
		w.keep(p)
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
	t.ended = w.ended
	t.scans++
	if t.follow {
		t.replace(w.all, w.err)
	}
	return w.living, w.zombies, w.err
}

// rereadZombies is the number of scans between two reads of a zombie: its pid
// could be given to another child of the same parent.
const rereadZombies = 16

// walk is one scan in progress.
type walk struct {
	tree            *tree
	names           *tally
	comms           map[int]string      // of the living, by pid
	ended           map[int]procfs.Stat // zombies, by pid
	children        func(pid int) []int
	seen            map[int]bool
	next            []int
	all             []*procfs.Process
	living, zombies int
	err             error
}

// keep takes a process of the scan before.
func (w *walk) keep(p *procfs.Process) {
	if st, err := p.Stat(); err == nil {
		w.all = append(w.all, p)
		w.count(p.PID, st)
	}
}

func (w *walk) count(pid int, st procfs.Stat) {
	w.seen[pid] = true
	of := " of " + pattern(w.comms[st.Parent])
	if w.comms[st.Parent] == "" {
		of = "" // it lost its parent
	}
	if st.Ended() {
		w.zombies++
		w.ended[pid] = st
		w.names.add("zombie "+pattern(st.Comm)+of, 1)
		return
	}
	w.living++
	w.comms[pid] = st.Comm
	w.names.add(pattern(st.Comm)+of, 1)
	w.next = append(w.next, pid)
}

// visit counts a child that is not in the tree yet, and adds it.
func (w *walk) visit(pid int) error {
	if w.seen[pid] {
		return nil
	}
	// A zombie stays one for as long as its parent lists it. There may be many,
	// so they are read again only once in a while.
	if st, ok := w.tree.ended[pid]; ok && w.tree.scans%rereadZombies != 0 {
		w.count(pid, st)
		return nil
	}
	st, err := w.tree.fs.Stat(pid)
	if procfs.NotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pid %d: %w", pid, err)
	}
	if st.Ended() || !w.tree.follow {
		w.count(pid, st)
		return nil
	}
	p, err := w.tree.fs.Open(pid, st.Start)
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	w.count(pid, st)
	if len(w.all) < keptProcesses {
		p.Keep()
	}
	w.all = append(w.all, p)
	return nil
}

// lister chooses how to find children: by the kernel's lists, or, in a kernel
// without them, from the parent of every process there is.
func (t *tree) lister() func(pid int) []int {
	if t.fs.ListsChildren(t.root().PID) {
		return t.fs.Children
	}
	byParent := make(map[int][]int)
	all, _ := t.fs.Snapshot()
	for pid, st := range all {
		byParent[st.Parent] = append(byParent[st.Parent], pid)
	}
	return func(pid int) []int { return byParent[pid] }
}
