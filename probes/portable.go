//go:build !linux

package probes

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		{Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Resident set size."},
		{Name: "virtual_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1, Help: "Size of the address space, touched or not."},
		{Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter, Quantum: 0.01, Help: "CPU time in user and kernel mode."},
		{Name: "threads", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Threads of the kernel."},
		{Name: "fds", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Open file descriptors."},
	}
	register(spec{name: "portable", class: fast, metrics: metrics, open: func(e *env) Probe {
		return &portable{metrics: metrics, process: e.tree.process}
	}})
}

// tree is the process alone: its descendants are not followed here.
type tree struct {
	process *process.Process
	begun   uint64
}

func openTree(_ procfs.FS, p soak.Process) (*tree, error) {
	proc, err := process.NewProcess(int32(p.PID))
	if err != nil {
		return nil, fmt.Errorf("pid %d: %w", p.PID, ErrGone)
	}
	return &tree{proc, p.Start}, nil
}

func (t *tree) start() uint64 { return t.begun }

func (t *tree) Close() {}

var begin = time.Now()

// threadTime is the time that passes: no cost of its own is known here.
func threadTime() time.Duration { return time.Since(begin) }

// portable reads what gopsutil knows on this system.
type portable struct {
	metrics []soak.Metric
	process *process.Process
}

func (p *portable) Metrics() []soak.Metric { return p.metrics }

func (p *portable) notes() []string {
	return []string{"not available on " + runtime.GOOS + ": children, sockets, I/O, page faults, context switches, smaps, control groups"}
}

func (p *portable) Close() error { return nil }

func (p *portable) Read(ctx context.Context, of soak.Process) ([]soak.Sample, error) {
	if alive, err := p.process.IsRunningWithContext(ctx); err == nil && !alive {
		return nil, ErrGone
	}
	var all []soak.Sample
	add := func(name string, v float64, err error) {
		if err == nil { // there is no series of what the system does not report
			all = append(all, soak.Sample{SeriesID: soak.SeriesOf(of.Role, name), Value: v})
		}
	}
	memory, err := p.process.MemoryInfoWithContext(ctx)
	if err == nil {
		add("rss_bytes", float64(memory.RSS), nil)
		add("virtual_bytes", float64(memory.VMS), nil)
	}
	if times, err := p.process.TimesWithContext(ctx); err == nil {
		add("cpu_seconds_total", times.User+times.System, nil)
	}
	threads, errThreads := p.process.NumThreadsWithContext(ctx)
	add("threads", float64(threads), errThreads)
	fds, errFDs := p.process.NumFDsWithContext(ctx)
	add("fds", float64(fds), errFDs)
	return all, err
}
