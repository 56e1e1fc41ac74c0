package probes

import (
	"os"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{{Name: "fds", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Open file descriptors."}}
	register(spec{name: "fds", class: fast, metrics: metrics, open: func(e *env) Probe {
		if !e.proc.CountsDescriptors() {
			return nil
		}
		return newSum(e, metrics, func(m *procfs.Process, v []float64) error {
			n, err := m.Descriptors()
			v[0] = float64(n)
			return err
		})
	}})
	register(spec{name: "fds_listed", class: slow, every: 2 * time.Second, weight: 0.2, metrics: metrics, open: func(e *env) Probe {
		if e.proc.CountsDescriptors() {
			return nil
		}
		return newSum(e, metrics, func(m *procfs.Process, v []float64) error {
			n := 0
			err := m.List("fd", func(_ *os.File, names []string) error { n += len(names); return nil })
			v[0] = float64(n)
			return err
		})
	}})
}
