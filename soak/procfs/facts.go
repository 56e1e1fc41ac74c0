package procfs

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
)

// What follows is read once in a while, so it comes from prometheus/procfs.

func (f FS) process(pid int) (procfs.Proc, error) {
	root, err := procfs.NewFS(string(f))
	if err != nil {
		return procfs.Proc{}, err
	}
	return root.Proc(pid)
}

// CommandLine returns the arguments of a process, the program included; there
// are none for a kernel thread and after the exit of the main thread.
func (f FS) CommandLine(pid int) ([]string, error) {
	p, err := f.process(pid)
	if err != nil {
		return nil, err
	}
	return p.CmdLine()
}

// MaxFiles is the soft limit on open descriptors (RLIMIT_NOFILE).
func (f FS) MaxFiles(pid int) (uint64, error) {
	p, err := f.process(pid)
	if err != nil {
		return 0, err
	}
	l, err := p.Limits()
	return l.OpenFiles, err
}

// DescriptorLinks returns the text of the link of each open descriptor, such as
// "socket:[4711]" (proc_pid_fd(5)).
func (f FS) DescriptorLinks(pid int) ([]string, error) {
	p, err := f.process(pid)
	if err != nil {
		return nil, err
	}
	return p.FileDescriptorTargets()
}

// Executable is the path of a process's program, or "" where that cannot be read.
func (f FS) Executable(pid int) string {
	exe, _ := os.Readlink(f.Path(pid, "exe"))
	return exe
}

// StartTime is the wall clock's time of a start in clock ticks since boot.
func (f FS) StartTime(ticks uint64) (time.Time, error) {
	root, err := procfs.NewFS(string(f))
	if err != nil {
		return time.Time{}, err
	}
	st, err := root.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(int64(st.BootTime), 0).Add(time.Duration(ticks) * time.Second / ClockTicks).UTC(), nil
}

// HostMemory is the memory of the machine in bytes.
func (f FS) HostMemory() (uint64, error) {
	root, err := procfs.NewFS(string(f))
	if err != nil {
		return 0, err
	}
	m, err := root.Meminfo()
	if err != nil {
		return 0, err
	}
	if m.MemTotalBytes == nil {
		return 0, errors.New("/proc/meminfo has no MemTotal")
	}
	return *m.MemTotalBytes, nil
}

// MemoryLimit is the lowest memory limit of a process's control groups, mounted
// at cgroups, or the memory of the machine, in bytes; 0 where neither can be read.
func (f FS) MemoryLimit(pid int, cgroups string) uint64 {
	lowest, err := f.HostMemory()
	known := err == nil
	b, _ := os.ReadFile(f.Path(pid, "cgroup"))
	for _, g := range MemoryGroups(cgroups, b) {
		if limit, ok, err := g.Limit(); ok && err == nil && (!known || limit < lowest) {
			lowest, known = limit, true
		}
	}
	return lowest
}

// Links is the set of the texts that [FS.DescriptorLinks] has for sockets.
func Links(sockets []Socket) map[string]bool {
	links := make(map[string]bool, len(sockets))
	for _, s := range sockets {
		links[fmt.Sprintf("socket:[%d]", s.Inode)] = true
	}
	return links
}
