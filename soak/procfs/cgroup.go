package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// DefaultCgroups is where control groups are mounted on every usual system.
const DefaultCgroups = "/sys/fs/cgroup"

// MemoryGroup is a control group with the memory controller, in version 2
// (Documentation/admin-guide/cgroup-v2.rst) or 1 (cgroup-v1/memory.rst).
type MemoryGroup struct {
	mount                  string // of the hierarchy
	path                   string // of the group below it
	usage, limit, inactive string // names of files, and a key in memory.stat
}

// MemoryGroups returns the memory control groups of a process, version 1 before
// version 2, from its /proc/PID/cgroup. mount is where control groups are
// mounted. The files of a group need not exist: see [MemoryGroup.Exists].
func MemoryGroups(mount string, cgroup []byte) []MemoryGroup {
	var all []MemoryGroup
	v1, v2 := ParseCgroup(cgroup)
	if v1 != "" {
		all = append(all, MemoryGroup{filepath.Join(mount, "memory"), v1, "memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file"})
	}
	if v2 != "" {
		all = append(all, MemoryGroup{mount, v2, "memory.current", "memory.max", "inactive_file"})
	}
	return all
}

// ParseCgroup parses /proc/PID/cgroup (cgroups(7)) and returns the path of the
// memory controller's group (version 1) and of the unified group (version 2);
// "" where there is none.
func ParseCgroup(b []byte) (v1, v2 string) {
	for line := range strings.Lines(string(b)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[0] == "0" && parts[1] == "":
			v2 = parts[2]
		case strings.Contains(","+parts[1]+",", ",memory,"):
			v1 = parts[2]
		}
	}
	return v1, v2
}

// Root reports whether the group is the root of what is mounted, or outside of
// it, so that it is not of one process alone.
func (g MemoryGroup) Root() bool { return g.path == "/" || strings.HasPrefix(g.path, "/..") }

// Exists reports whether the group and its memory controller can be read here.
func (g MemoryGroup) Exists() bool {
	_, err := os.Stat(filepath.Join(g.mount, g.path, g.usage))
	return err == nil
}

// Usage is the memory charged to the group, without inactive pages of files, in
// bytes.
func (g MemoryGroup) Usage() (uint64, error) {
	usage, _, err := g.number(g.path, g.usage)
	if err != nil {
		return 0, fmt.Errorf("control group: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(g.mount, g.path, "memory.stat"))
	if err != nil {
		return 0, fmt.Errorf("control group: %w", err)
	}
	var inactive uint64
	Lines(b, func(key, value []byte) {
		if string(key) == g.inactive {
			inactive, _ = Number(value)
		}
	})
	return usage - min(inactive, usage), nil
}

// Limit is the lowest memory limit of the group and of those above it, in bytes;
// ok is false where none has a limit. A group above what is mounted here does not
// count.
func (g MemoryGroup) Limit() (lowest uint64, ok bool, err error) {
	for group := path.Clean("/" + g.path); ; group = path.Dir(group) {
		n, limited, err := g.number(group, g.limit)
		switch {
		case errors.Is(err, fs.ErrNotExist): // the root of version 2 has no limit
		case err != nil:
			return 0, false, fmt.Errorf("control group: %w", err)
		case limited && (!ok || n < lowest):
			lowest, ok = n, true
		}
		if group == "/" {
			return lowest, ok, nil
		}
	}
}

// unlimited is what version 1 shows without a limit, or a little more.
const unlimited = 1 << 62

// number reads a file that holds one number; ok is false where it says that
// there is no limit.
func (g MemoryGroup) number(group, file string) (n uint64, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(g.mount, group, file))
	if err != nil {
		return 0, false, err
	}
	if bytes.HasPrefix(b, []byte("max")) {
		return 0, false, nil
	}
	n, ok = Number(b)
	if !ok {
		return 0, false, fmt.Errorf("%s: invalid number %q", file, bytes.TrimSpace(b))
	}
	return n, n < unlimited, nil
}
