package probes

import (
	"bytes"
	"context"
	"errors"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{{Name: "fd_limit", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Soft limit on open descriptors of the process itself (RLIMIT_NOFILE)."}}
	register(spec{name: "limits", class: slow, every: time.Minute, weight: 0.02, metrics: metrics, open: func(e *env) Probe {
		return &limits{metrics, e.tree}
	}})
}

// limits reads the process's own limit: each child has one of its own, so
// their sum would bound nothing.
type limits struct {
	metrics []soak.Metric
	tree    *tree
}

func (l *limits) Metrics() []soak.Metric { return l.metrics }

func (l *limits) Close() error { return nil }

func (l *limits) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	b, err := l.tree.root().ReadFile("limits")
	if err != nil {
		return nil, err
	}
	n, err := parseLimit(b, "Max open files")
	if err != nil {
		return nil, err
	}
	return []soak.Sample{p.Sample("fd_limit", float64(n))}, nil
}

// parseLimit reads the soft limit of that name from proc_pid_limits(5).
func parseLimit(b []byte, name string) (uint64, error) {
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			if n, ok := procfs.Number(rest); ok {
				return n, nil
			}
		}
	}
	return 0, errors.New("/proc/PID/limits has no number of open files")
}
