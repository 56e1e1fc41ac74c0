package probes

import (
	"math"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

const clockTick = 1.0 / procfs.ClockTicks // seconds

func init() {
	metrics := []soak.Metric{
		{Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter, Quantum: clockTick, Help: "CPU time in user and kernel mode; with the tree, that of children which ended and were waited for is included."},
		{Name: "minor_faults_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Page faults that needed no disk; with the tree, those of waited-for children are included."},
		{Name: "major_faults_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Page faults that read from disk; with the tree, those of waited-for children are included."},
		{Name: "threads", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Threads of the kernel."},
		{Name: "virtual_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: pageSize, Help: "Size of the address space, touched or not."},
	}
	register(spec{name: "stat", class: fast, metrics: metrics, open: func(e *env) Probe {
		buf := make([]byte, 1024)
		return newSum(e, metrics, func(p *procfs.Process, v []float64) error {
			b, err := p.Pread("stat", buf)
			if err != nil {
				return err
			}
			st, err := procfs.ParseStat(b)
			if err != nil {
				return err
			}
			if st.Ended() && p == e.tree.root() {
				return ErrGone
			}
			statValues(st, e.process.Tree, v)
			return nil
		})
	}})
}

// statValues are the values of the metrics. With the tree, those of children that
// ended and were waited for are included.
func statValues(st procfs.Stat, tree bool, v []float64) {
	if tree {
		st.CPU += st.ChildCPU
		st.MinorFaults += st.ChildMinorFaults
		st.MajorFaults += st.ChildMajorFaults
	}
	if st.Ended() {
		st.Threads, st.Virtual = 0, 0
	}
	v[0] = float64(st.CPU) * clockTick
	v[1] = float64(st.MinorFaults)
	v[2] = float64(st.MajorFaults)
	v[3] = float64(st.Threads)
	v[4] = float64(st.Virtual)
	if st.Headless() {
		v[4] = math.NaN() // the kernel shows 0
	}
}
