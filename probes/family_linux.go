package probes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"soakmon/soak"
)

// member is one process below a handle on its /proc/PID folder. The kernel
// binds the handle to the process, not to its number: after the end of the
// process every read fails, also when the number is used again.
type member struct {
	pid   int
	start uint64
	dir   *os.Root

	mu   sync.Mutex
	kept map[string]*os.File // files kept open; nil: opened for each read
}

// keptMembers is how many processes of a family keep their files open: three
// and the folder each.
const keptMembers = 64

func openMember(proc string, pid int, start uint64) (*member, error) {
	dir, err := os.OpenRoot(filepath.Join(proc, strconv.Itoa(pid)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("pid %d: %w", pid, ErrGone)
	}
	if err != nil {
		return nil, fmt.Errorf("pid %d: %w", pid, err)
	}
	m := &member{pid: pid, dir: dir}
	st, err := m.stat()
	if err == nil && start != 0 && st.start != start {
		err = fmt.Errorf("pid %d: %w: the pid was given to another process", pid, ErrGone)
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	m.start = st.start
	return m, nil
}

// pread reads a file into buf, by one call of pread(2): these files are short,
// and the kernel writes each in one piece.
func (m *member) pread(name string, buf []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.kept[name]
	if f == nil {
		var err error
		if f, err = m.dir.Open(name); err != nil {
			return nil, m.explain(name, err)
		}
		if m.kept != nil {
			m.kept[name] = f
		} else {
			defer f.Close()
		}
	}
	n, err := unix.Pread(int(f.Fd()), buf, 0)
	if err != nil {
		return nil, m.explain(name, err)
	}
	return buf[:n], nil
}

// slurp reads a file of any length. It is safe for concurrent use.
func (m *member) slurp(name string) ([]byte, error) {
	b, err := m.dir.ReadFile(name)
	if err != nil {
		return nil, m.explain(name, err)
	}
	return b, nil
}

func (m *member) stat() (stat, error) {
	b, err := m.dir.ReadFile("stat")
	if ended(err) {
		return stat{}, fmt.Errorf("pid %d: %w", m.pid, ErrGone)
	}
	if err != nil {
		return stat{}, fmt.Errorf("pid %d: %w", m.pid, err)
	}
	st, err := parseStat(b)
	st.comm = commOf(b)
	return st, err
}

// explain tells an ended process from a file that cannot be read.
func (m *member) explain(name string, err error) error {
	if st, gone := m.stat(); errors.Is(gone, ErrGone) || gone == nil && st.ended() {
		return fmt.Errorf("pid %d: %w", m.pid, ErrGone)
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("pid %d: %w: run soak as root or as the user of the process", m.pid, err)
	}
	return fmt.Errorf("pid %d: cannot read %s: %w", m.pid, name, err)
}

func ended(err error) bool {
	return errors.Is(err, unix.ESRCH) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrClosed)
}

func (m *member) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.kept {
		f.Close()
	}
	m.kept = nil
	m.dir.Close()
}

// family is the process and, where its tree is asked for, its descendants.
type family struct {
	proc string
	tree bool

	ended map[int]stat // zombies of the last scan, which one goroutine makes at a time
	scans int

	mu  sync.Mutex
	all []*member // never changed in place; the process itself is the first
	err error     // some members could not be opened
}

func openFamily(proc string, p soak.Process) (*family, error) {
	m, err := openMember(proc, p.PID, p.Start)
	if err != nil {
		return nil, err
	}
	m.kept = make(map[string]*os.File)
	f := &family{proc: proc, tree: p.Tree, all: []*member{m}}
	if f.tree {
		f.scan(newTally("", "")) // what fails here is told by the probes that sum
	}
	return f, nil
}

func (f *family) first() *member { return f.members()[0] }

func (f *family) start() uint64 { return f.first().start }

func (f *family) members() []*member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all
}

// replace sets the members and closes those that are no longer among them.
// An err says that others belong to the family and could not be opened.
func (f *family) replace(all []*member, err error) {
	f.mu.Lock()
	old := f.all
	f.all, f.err = all, err
	f.mu.Unlock()
	for _, m := range old {
		if !slices.Contains(all, m) {
			m.Close()
		}
	}
}

func (f *family) Close() {
	for _, m := range f.members() {
		m.Close()
	}
}

// each calls read for every member that lives; the first member's end is
// [ErrGone], that of another one is passed over, and any other error ends it.
// An incomplete family is an error, because a sum over a part is a wrong sum.
func (f *family) each(read func(*member) error) error {
	f.mu.Lock()
	all, err := f.all, f.err
	f.mu.Unlock()
	if err != nil {
		return err
	}
	for i, m := range all {
		if err := read(m); err != nil && (i == 0 || !errors.Is(err, ErrGone)) {
			return err
		}
	}
	return nil
}
