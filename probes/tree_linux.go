package probes

import (
	"errors"
	"slices"
	"sync"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// keptProcesses is how many processes of a tree keep their files open: three
// and the folder each.
const keptProcesses = 64

// tree is the process and, where its tree is asked for, its descendants.
type tree struct {
	fs     procfs.FS
	follow bool // the descendants too

	ended map[int]procfs.Stat // zombies of the last scan, which one goroutine makes at a time
	scans int

	mu  sync.Mutex
	all []*procfs.Process // never changed in place; the process itself is the first
	err error             // some processes could not be opened
}

func openTree(fs procfs.FS, p soak.Process) (*tree, error) {
	root, err := fs.Open(p.PID, p.Start)
	if err != nil {
		return nil, err
	}
	root.Keep()
	t := &tree{fs: fs, follow: p.Tree, all: []*procfs.Process{root}}
	if t.follow {
		t.scan(newTally("", "")) // the probes that sum report what fails here
	}
	return t, nil
}

func (t *tree) root() *procfs.Process { return t.processes()[0] }

func (t *tree) start() uint64 { return t.root().Start }

func (t *tree) processes() []*procfs.Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all
}

// replace sets the processes and closes those that are no longer among them.
// An err says that others belong to the tree and could not be opened.
func (t *tree) replace(all []*procfs.Process, err error) {
	t.mu.Lock()
	old := t.all
	t.all, t.err = all, err
	t.mu.Unlock()
	for _, p := range old {
		if !slices.Contains(all, p) {
			p.Close()
		}
	}
}

func (t *tree) Close() {
	for _, p := range t.processes() {
		p.Close()
	}
}

// each calls read for every living process; the end of the root is [ErrGone],
// that of another process is passed over, and any other error ends it. An
// incomplete tree is an error, because a sum over a part is a wrong sum.
func (t *tree) each(read func(*procfs.Process) error) error {
	t.mu.Lock()
	all, err := t.all, t.err
	t.mu.Unlock()
	if err != nil {
		return err
	}
	for i, p := range all {
		if err := read(p); err != nil && (i == 0 || !errors.Is(err, ErrGone)) {
			return err
		}
	}
	return nil
}
