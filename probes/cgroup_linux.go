package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"soakmon/soak"
)

func init() {
	gauge := func(name, help string) soak.Metric {
		return soak.Metric{Name: name, Unit: "bytes", Kind: soak.Gauge, Quantum: pageSize, Help: help}
	}
	metrics := []soak.Metric{
		gauge("cgroup_memory_bytes", "Memory charged to the process's control group, without inactive file pages."),
		gauge("cgroup_memory_limit_bytes", "Lowest memory limit of the control group and those above it."),
	}
	register(spec{name: "cgroup", class: slow, every: 5 * time.Second, weight: 0.02, metrics: metrics, open: func(e *env) Probe {
		if c := findCgroup(e); c != nil {
			c.metrics = metrics
			return c
		}
		return nil
	}})
}

// cgroup reads the memory controller of the group that the process is in, in
// version 2 (Documentation/admin-guide/cgroup-v2.rst) or 1
// (cgroup-v1/memory.rst).
type cgroup struct {
	metrics  []soak.Metric
	mount    string // of the hierarchy with the memory controller
	group    string // path below it
	usage    string // names of files
	limit    string
	inactive string // key in memory.stat
}

// findCgroup returns nil where the process has no group of its own: it is in
// the root group, or in the monitor's, whose memory is not the process's alone.
func findCgroup(e *env) *cgroup {
	theirs, err := e.family.first().slurp("cgroup")
	if err != nil {
		return nil
	}
	ours, _ := os.ReadFile(filepath.Join(e.proc, "self/cgroup"))
	v1, v2 := groups(theirs)
	own1, own2 := groups(ours)
	for _, c := range []*cgroup{
		{mount: filepath.Join(e.cgroup, "memory"), group: distinctGroup(v1, own1), usage: "memory.usage_in_bytes", limit: "memory.limit_in_bytes", inactive: "total_inactive_file"},
		{mount: e.cgroup, group: distinctGroup(v2, own2), usage: "memory.current", limit: "memory.max", inactive: "inactive_file"},
	} {
		if _, err := os.Stat(filepath.Join(c.mount, c.group, c.usage)); c.group != "" && err == nil {
			return c
		}
	}
	return nil
}

// groups reads the paths of the memory controller's group (version 1) and of
// the unified group from /proc/PID/cgroup (cgroups(7)).
func groups(b []byte) (v1, v2 string) {
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

func distinctGroup(theirs, ours string) string {
	if theirs == ours || theirs == "/" || strings.HasPrefix(theirs, "/..") {
		return ""
	}
	return theirs
}

func (c *cgroup) Metrics() []soak.Metric { return c.metrics }

func (c *cgroup) Close() error { return nil }

func (c *cgroup) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	usage, _, err := c.number(c.group, c.usage)
	if err != nil {
		return nil, fmt.Errorf("control group: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(c.mount, c.group, "memory.stat"))
	if err != nil {
		return nil, fmt.Errorf("control group: %w", err)
	}
	var inactive uint64
	lines(b, func(key, value []byte) {
		if string(key) == c.inactive {
			inactive, _ = number(value)
		}
	})
	used := float64(usage) - float64(min(inactive, usage))
	samples := []soak.Sample{{Process: p.Role, Metric: "cgroup_memory_bytes", Value: used}}
	limit, ok, err := c.lowestLimit()
	if ok {
		samples = append(samples, soak.Sample{Process: p.Role, Metric: "cgroup_memory_limit_bytes", Value: limit})
	}
	return samples, err
}

// lowestLimit looks at the group and all above it; ok is false where none has
// a limit.
func (c *cgroup) lowestLimit() (lowest float64, ok bool, err error) {
	for group := c.group; group != "/" && group != "."; group = path.Dir(group) {
		n, limited, err := c.number(group, c.limit)
		if errors.Is(err, fs.ErrNotExist) {
			break // above what this mount shows
		}
		if err != nil {
			return 0, false, err
		}
		if limited && (!ok || float64(n) < lowest) {
			lowest, ok = float64(n), true
		}
	}
	return lowest, ok, nil
}

// unlimited is what version 1 shows without a limit, or a little more.
const unlimited = 1 << 62

// number reads a file that holds one number; ok is false where it says that
// there is no limit.
func (c *cgroup) number(group, file string) (n uint64, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(c.mount, group, file))
	if err != nil {
		return 0, false, err
	}
	if bytes.HasPrefix(b, []byte("max")) {
		return 0, false, nil
	}
	n, ok = number(b)
	if !ok {
		return 0, false, fmt.Errorf("%s: %q is not a number", file, bytes.TrimSpace(b))
	}
	return n, n < unlimited, nil
}
