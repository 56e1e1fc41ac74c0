package procfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Process is one process below a handle on its /proc/PID folder. The kernel
// binds the handle to the process and not to the number: after the end of the
// process every read fails, also when the pid is used again. It is safe for
// concurrent use, except for Keep and Close.
type Process struct {
	ID
	dir *os.Root

	mu   sync.Mutex
	kept map[string]*os.File // files kept open; nil: opened for each read
}

// Open opens a process. A start other than 0 must be its start time.
func (f FS) Open(pid int, start uint64) (*Process, error) {
	dir, err := os.OpenRoot(filepath.Join(string(f), strconv.Itoa(pid)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("pid %d: %w", pid, ErrGone)
	}
	if err != nil {
		return nil, fmt.Errorf("pid %d: %w", pid, err)
	}
	p := &Process{ID: ID{PID: pid}, dir: dir}
	st, err := p.Stat()
	if err == nil && start != 0 && st.Start != start {
		err = fmt.Errorf("pid %d: %w: the pid was given to another process", pid, ErrGone)
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	p.Start = st.Start
	return p, nil
}

// Keep makes Pread keep its files open from now on.
func (p *Process) Keep() { p.kept = make(map[string]*os.File) }

// Close releases the handle and the files kept open.
func (p *Process) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.kept {
		f.Close()
	}
	p.kept = nil
	p.dir.Close()
}

// Pread reads a file into buf, by one call of pread(2): these files are short,
// and the kernel writes each in one piece.
func (p *Process) Pread(name string, buf []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.kept[name]
	if f == nil {
		var err error
		if f, err = p.dir.Open(name); err != nil {
			return nil, p.Explain(name, err)
		}
		if p.kept != nil {
			p.kept[name] = f
		} else {
			defer f.Close()
		}
	}
	n, err := unix.Pread(int(f.Fd()), buf, 0)
	if err != nil {
		return nil, p.Explain(name, err)
	}
	return buf[:n], nil
}

// ReadFile reads a file of any length.
func (p *Process) ReadFile(name string) ([]byte, error) {
	b, err := p.dir.ReadFile(name)
	if err != nil {
		return nil, p.Explain(name, err)
	}
	return b, nil
}

// ReadThread reads a file of one of its threads. The error of a thread that has
// ended is one of [NotFound].
func (p *Process) ReadThread(tid, name string) ([]byte, error) {
	name = "task/" + tid + "/" + name
	b, err := p.dir.ReadFile(name)
	if err != nil && !NotFound(err) {
		err = p.Explain(name, err)
	}
	return b, err
}

// Open opens a file or a folder.
func (p *Process) Open(name string) (*os.File, error) {
	f, err := p.dir.Open(name)
	if err != nil {
		return nil, p.Explain(name, err)
	}
	return f, nil
}

// Executable opens the file that it runs, also one that was deleted since.
func (p *Process) Executable() (*os.File, error) {
	f, err := os.Open(filepath.Join(p.dir.Name(), "exe")) // the link leads out of the folder
	if err != nil {
		return nil, p.Explain("exe", err)
	}
	return f, nil
}

// Stat reads its stat afresh, the name included.
func (p *Process) Stat() (Stat, error) {
	b, err := p.dir.ReadFile("stat")
	if NotFound(err) {
		return Stat{}, fmt.Errorf("pid %d: %w", p.PID, ErrGone)
	}
	if err != nil {
		return Stat{}, fmt.Errorf("pid %d: %w", p.PID, err)
	}
	return parseWhole(b)
}

// CountsDescriptors reports whether the size of /proc/PID/fd is the number of
// open descriptors, as it is since Linux 6.2 (proc_pid_fd(5)): a count in
// constant time. Before, it is 0, and the folder has to be listed.
func (f FS) CountsDescriptors() bool {
	var st unix.Statfs_t
	if unix.Statfs(string(f), &st) != nil || st.Type != unix.PROC_SUPER_MAGIC {
		return false
	}
	info, err := os.Stat(string(f) + "/self/fd")
	return err == nil && info.Size() > 0
}

// Descriptors is the number of open descriptors, where
// [FS.CountsDescriptors] is true.
func (p *Process) Descriptors() (int64, error) {
	info, err := p.dir.Stat("fd")
	if err != nil {
		return 0, p.Explain("fd", err)
	}
	if info.Size() == 0 {
		return 0, p.Shown()
	}
	return info.Size(), nil
}

// List calls f with an open folder and names in it, 1,024 at a time.
func (p *Process) List(folder string, f func(dir *os.File, names []string) error) error {
	dir, err := p.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	for empty := true; ; empty = false {
		names, err := dir.Readdirnames(1024)
		if err == io.EOF && empty {
			return p.Shown()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return p.Explain(folder, err)
		}
		if err := f(dir, names); err != nil {
			return err
		}
	}
}

// Rows calls f with each row of a table, its heading included. A table that the
// kernel does not have (IPv6 may be off) has no rows.
func (p *Process) Rows(name string, f func(row []byte)) error {
	table, err := p.dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return p.Shown()
	}
	if err != nil {
		return p.Explain(name, err)
	}
	defer table.Close()
	if err := Rows(table, f); err != nil {
		return p.Explain(name, err)
	}
	return nil
}

// Shown returns an error where the kernel shows neither the memory nor the
// descriptors of the living process: what is empty is unknown then, not zero.
func (p *Process) Shown() error {
	if st, err := p.Stat(); err == nil && st.Headless() {
		return fmt.Errorf("pid %d: %w", p.PID, ErrHeadless)
	}
	return nil
}

// Explain turns the error of a read into [ErrGone] where the process has ended,
// and otherwise says what to do about it.
func (p *Process) Explain(name string, err error) error {
	st, gone := p.Stat()
	switch {
	case errors.Is(gone, ErrGone) || gone == nil && st.Ended():
		return fmt.Errorf("pid %d: %w", p.PID, ErrGone)
	case gone == nil && st.Headless() && (NotFound(err) || errors.Is(err, fs.ErrPermission)): // only root may look into a process without memory
		return fmt.Errorf("pid %d: cannot read %s: %w", p.PID, name, ErrHeadless)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("pid %d: %w: run soak as root or as the user of the process", p.PID, err)
	}
	return fmt.Errorf("pid %d: cannot read %s: %w", p.PID, name, err)
}

// NotFound reports whether the error of a read below /proc/PID says that the
// process or the thread no longer exists.
func NotFound(err error) bool {
	return errors.Is(err, unix.ESRCH) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrClosed)
}
