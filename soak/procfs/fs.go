package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrGone says that the process has ended, or that its pid now belongs to
// another one.
var ErrGone = errors.New("process is gone")

// ErrHeadless says that the main thread of a living process has exited: what is
// empty below /proc/PID is unknown then, not zero. See [Stat.Ended].
var ErrHeadless = errors.New("its main thread has exited: the kernel shows neither its memory nor its descriptors")

// FS is a mounted proc(5), by its path.
type FS string

// Default is where proc(5) is mounted on every usual system.
const Default FS = "/proc"

// Path is the path of a file of a process.
func (f FS) Path(pid int, name string) string {
	return filepath.Join(string(f), strconv.Itoa(pid), name)
}

// Stat reads /proc/PID/stat, the name included. A process that does not exist
// is an error that matches fs.ErrNotExist.
func (f FS) Stat(pid int) (Stat, error) {
	b, err := os.ReadFile(f.Path(pid, "stat"))
	if err != nil {
		return Stat{}, err
	}
	return parseWhole(b)
}

// PIDs lists all processes.
func (f FS) PIDs() ([]int, error) {
	pids, err := Numbers(string(f))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	return pids, nil
}

// Snapshot reads the stat of every process, by pid. It is not atomic: a process
// whose parent ended meanwhile may name a parent that is not in it.
func (f FS) Snapshot() (map[int]Stat, error) {
	pids, err := f.PIDs()
	if err != nil {
		return nil, err
	}
	all := make(map[int]Stat, len(pids))
	for _, pid := range pids {
		if s, err := f.Stat(pid); err == nil { // else it ended meanwhile
			all[pid] = s
		}
	}
	return all, nil
}

// Numbers lists the entries of a folder whose names are numbers, such as
// processes, threads or descriptors, in no order.
func Numbers(folder string) ([]int, error) {
	dir, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	var all []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return all, err
}

// Children lists the children of a process by the kernel's lists, a file for
// each of its threads (proc_tid_children(5)). It is best effort: a thread that
// ends meanwhile has none.
func (f FS) Children(pid int) []int {
	tasks := f.Path(pid, "task")
	tids, _ := Numbers(tasks)
	var all []int
	for _, tid := range tids {
		b, _ := os.ReadFile(filepath.Join(tasks, strconv.Itoa(tid), "children"))
		for word := range strings.FieldsSeq(string(b)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// ListsChildren reports whether the kernel lists the children of a process
// (CONFIG_PROC_CHILDREN).
func (f FS) ListsChildren(pid int) bool {
	_, err := os.Stat(f.Path(pid, filepath.Join("task", strconv.Itoa(pid), "children")))
	return !errors.Is(err, fs.ErrNotExist)
}

// Environ returns a variable of the environment that a process was started with;
// ok is false where it is not set or cannot be read (it belongs to another user).
func (f FS) Environ(pid int, name string) (value string, ok bool) {
	b, _ := os.ReadFile(f.Path(pid, "environ"))
	for entry := range strings.SplitSeq(string(b), "\x00") {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
