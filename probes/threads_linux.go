package probes

import (
	"bytes"
	"context"
	"os"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// mostThreads is how many threads of a process are asked for their names.
const mostThreads = 4096

func init() {
	metrics := []soak.Metric{{Name: "threads_comm", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Threads by name, with numbers in it as *; of the first 4,096 of a process."}}
	register(spec{name: "threads_comm", class: slow, every: 5 * time.Second, weight: 0.04, metrics: metrics, open: func(e *env) Probe {
		return &threadNames{metrics: metrics, tree: e.tree, comms: newTally("threads_comm", "comm")}
	}})
}

// threadNames reads the name of each thread (proc_tid_comm(5)).
type threadNames struct {
	metrics []soak.Metric
	tree    *tree
	comms   *tally
}

func (t *threadNames) Metrics() []soak.Metric { return t.metrics }

func (t *threadNames) Close() error { return nil }

func (t *threadNames) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	t.comms.reset()
	err := t.tree.each(func(m *procfs.Process) error {
		n := 0
		return m.List("task", func(_ *os.File, tids []string) error {
			for _, tid := range tids {
				if n++; n > mostThreads {
					return nil
				}
				b, err := m.ReadThread(tid, "comm")
				if procfs.NotFound(err) {
					continue // it ended
				}
				if err != nil {
					return err
				}
				t.comms.add(pattern(string(bytes.TrimSpace(b))), 1)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return t.comms.samples(p.Role), nil
}
