package probes

import (
	"context"
	"os"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		byteGauge("cgroup_memory_bytes", pageSize, "Memory charged to the process's control group, without inactive file pages."),
		byteGauge("cgroup_memory_limit_bytes", pageSize, "Lowest memory limit of the control group and those above it."),
	}
	register(spec{name: "cgroup", class: slow, every: 5 * time.Second, weight: 0.02, metrics: metrics, open: func(e *env) Probe {
		if c := findCgroup(e); c != nil {
			c.metrics = metrics
			return c
		}
		return nil
	}})
}

// cgroup reads the memory control group that the process is in.
type cgroup struct {
	metrics []soak.Metric
	group   procfs.MemoryGroup
}

// findCgroup returns nil where the process has no group to itself: it is in the
// root group, or in the monitor's, whose memory is not the process's alone.
func findCgroup(e *env) *cgroup {
	theirs, err := e.tree.root().ReadFile("cgroup")
	if err != nil {
		return nil
	}
	monitors, _ := os.ReadFile(string(e.proc) + "/self/cgroup")
	ours := procfs.MemoryGroups(e.cgroup, monitors)
	for _, g := range procfs.MemoryGroups(e.cgroup, theirs) {
		if !g.Root() && !slices.Contains(ours, g) && g.Exists() {
			return &cgroup{group: g}
		}
	}
	return nil
}

func (c *cgroup) Metrics() []soak.Metric { return c.metrics }

func (c *cgroup) Close() error { return nil }

func (c *cgroup) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	used, err := c.group.Usage()
	if err != nil {
		return nil, err
	}
	samples := []soak.Sample{p.Sample("cgroup_memory_bytes", float64(used))}
	limit, ok, err := c.group.Limit()
	if ok {
		samples = append(samples, p.Sample("cgroup_memory_limit_bytes", float64(limit)))
	}
	return samples, err
}
