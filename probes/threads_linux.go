package probes

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak"
)

// mostThreads is how many threads of a process are asked for their names.
const mostThreads = 4096

func init() {
	metrics := []soak.Metric{{Name: "threads_comm", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Threads by name, with numbers in it as *; of the first 4,096 of a process."}}
	register(spec{name: "threads_comm", class: slow, every: 5 * time.Second, weight: 0.04, metrics: metrics, open: func(e *env) Probe {
		return &threadNames{metrics: metrics, family: e.family, comms: newTally("threads_comm", "comm")}
	}})
}

// threadNames reads the name of each thread (proc_tid_comm(5)).
type threadNames struct {
	metrics []soak.Metric
	family  *family
	comms   *tally
}

func (t *threadNames) Metrics() []soak.Metric { return t.metrics }

func (t *threadNames) Close() error { return nil }

func (t *threadNames) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	t.comms.reset()
	err := t.family.each(func(m *member) error {
		n := 0
		return m.list("task", func(_ *os.File, tids []string) error {
			for _, tid := range tids {
				if n++; n > mostThreads {
					return nil
				}
				b, err := m.dir.ReadFile("task/" + tid + "/comm")
				if errors.Is(err, unix.ESRCH) || errors.Is(err, fs.ErrNotExist) {
					continue // it ended
				}
				if err != nil {
					return m.explain("task/"+tid+"/comm", err)
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
