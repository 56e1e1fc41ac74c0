package supervise

import (
	"debug/buildinfo"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"soakmon/soak"
)

const ticksPerSecond = 100 // USER_HZ, the same on all Linux systems that Go supports

// factsOf reads what /proc knows of a process; what cannot be read stays empty.
func factsOf(id ident, scrub *strings.Replacer) soak.Facts {
	f := soak.Facts{PID: id.pid, Exe: executable(id.pid), Build: buildOf(id.pid), Memory: memoryLimit(id.pid)}
	p, err := procfs.NewProc(id.pid)
	if err != nil {
		return f
	}
	if args, err := p.CmdLine(); err == nil {
		for _, a := range redact(args) {
			f.Args = append(f.Args, scrub.Replace(a))
		}
	}
	if l, err := p.Limits(); err == nil {
		f.NoFile = l.OpenFiles
	}
	if root, err := procfs.NewDefaultFS(); err == nil {
		if st, err := root.Stat(); err == nil {
			f.Started = time.Unix(int64(st.BootTime), 0).Add(time.Duration(id.start) * time.Second / ticksPerSecond).UTC()
		}
	}
	return f
}

// buildOf is a Go program's main module, version, revision and Go version, or "".
func buildOf(pid int) string {
	info, err := buildinfo.ReadFile(fmt.Sprintf("/proc/%d/exe", pid)) // there also when the file was replaced
	if err != nil {
		return ""
	}
	out := []string{strings.TrimSpace(info.Path + " " + info.Main.Version)}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" && s.Value == "true" {
			out = append(out, s.Key+"="+s.Value)
		}
	}
	return strings.Join(append(out, info.GoVersion), " ")
}

// memoryLimit is the smallest limit of the process's memory cgroups, or the
// host's memory, in bytes.
func memoryLimit(pid int) uint64 {
	least := uint64(math.MaxUint64)
	if root, err := procfs.NewDefaultFS(); err == nil {
		if m, err := root.Meminfo(); err == nil && m.MemTotalBytes != nil {
			least = *m.MemTotalBytes
		}
	}
	var groups []procfs.Cgroup
	if p, err := procfs.NewProc(pid); err == nil {
		groups, _ = p.Cgroups()
	}
	for _, g := range groups {
		switch {
		case g.HierarchyID == 0:
			least = min(least, cgroupLimit("/sys/fs/cgroup", g.Path, "memory.max"))
		case strings.Contains(","+strings.Join(g.Controllers, ",")+",", ",memory,"):
			least = min(least, cgroupLimit("/sys/fs/cgroup/memory", g.Path, "memory.limit_in_bytes"))
		}
	}
	if least == math.MaxUint64 {
		return 0 // not known
	}
	return least
}

// cgroupLimit is the smallest limit on the way from a cgroup up to its root
// (kernel: admin-guide/cgroup-v2, memory.max; cgroup-v1/memory).
func cgroupLimit(mount, path, file string) uint64 {
	least := uint64(math.MaxUint64)
	for dir := filepath.Clean("/" + path); ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(mount, dir, file))
		if n, bad := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil && bad == nil { // "max" is no limit
			least = min(least, n)
		}
		if dir == "/" {
			return least
		}
	}
}
