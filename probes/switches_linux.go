package probes

import (
	"os"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metric := soak.Metric{Name: "context_switches_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Context switches of all threads; those of ended threads count as last seen."}
	// /proc/PID/status holds those of the first thread only, so every thread
	// has to be read.
	register(spec{name: "switches", class: slow, every: 5 * time.Second, weight: 0.05, metrics: []soak.Metric{metric}, open: func(e *env) Probe {
		return newLabelledSum(e, metric, "kind", []string{"voluntary", "involuntary"}, func(m *procfs.Process, v []float64) error {
			clear(v)
			return m.List("task", func(_ *os.File, tids []string) error {
				for _, tid := range tids {
					b, err := m.ReadThread(tid, "status")
					if procfs.NotFound(err) {
						continue // it ended
					}
					if err != nil {
						return err
					}
					addSwitches(b, v)
				}
				return nil
			})
		})
	}})
}

// addSwitches adds a thread's voluntary and involuntary context switches.
func addSwitches(b []byte, v []float64) {
	procfs.Lines(b, func(key, value []byte) {
		n, ok := procfs.Number(value)
		if !ok {
			return
		}
		switch string(key) {
		case "voluntary_ctxt_switches":
			v[0] += float64(n)
		case "nonvoluntary_ctxt_switches":
			v[1] += float64(n)
		}
	})
}
