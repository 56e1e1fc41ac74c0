package probes

import (
	"debug/buildinfo"
	"syscall"

	"soakmon/soak/procfs"
)

// goPrograms distinguishes the programs of processes that the Go compiler built from others,
// by what it leaves in each executable (package debug/buildinfo). It reads a file
// once, however many processes run it.
type goPrograms map[file]bool

// file identifies an executable, also after it was replaced under its name.
type file struct{ device, inode uint64 }

const mostPrograms = 256 // remembered; a tree that runs more starts afresh

func (g goPrograms) has(m *procfs.Process) bool {
	f, err := m.Executable()
	if err != nil {
		return false // a kernel thread, or of another user
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	id := file{uint64(st.Dev), st.Ino}
	known, ok := g[id]
	if !ok {
		if len(g) >= mostPrograms {
			clear(g)
		}
		_, err := buildinfo.Read(f)
		known = err == nil
		g[id] = known
	}
	return known
}
