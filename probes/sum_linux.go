package probes

import (
	"context"
	"os"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

var pageSize = float64(os.Getpagesize())

func byteGauge(name string, quantum float64, help string) soak.Metric {
	return soak.Metric{Name: name, Unit: "bytes", Kind: soak.Gauge, Quantum: quantum, Help: help}
}

func countGauge(name, help string) soak.Metric {
	return soak.Metric{Name: name, Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: help}
}

// sum reads the same numbers of every process of the tree and adds them up.
//
// A counter of the sum never falls. What the kernel hands from an ended child
// to its parent (CPU time, faults, I/O) stays in the sum by itself; where an
// ended child takes its counts along, the sum keeps its value and grows from
// there.
type sum struct {
	metrics []soak.Metric
	tree    *tree
	read    func(m *procfs.Process, v []float64) error // one value per metric, in order
	names   []string                                   // of the series
	one     []float64
	total   []float64
	floors  []floor
	samples []soak.Sample
}

func newSum(e *env, metrics []soak.Metric, read func(*procfs.Process, []float64) error) *sum {
	s := &sum{metrics: metrics, tree: e.tree, read: read}
	for _, m := range metrics {
		s.names = append(s.names, m.Name)
	}
	return s.series(metrics)
}

// newLabelledSum sums one family whose series differ in one label.
func newLabelledSum(e *env, metric soak.Metric, label string, values []string, read func(*procfs.Process, []float64) error) *sum {
	s := &sum{metrics: []soak.Metric{metric}, tree: e.tree, read: read}
	var each []soak.Metric
	for _, v := range values {
		s.names = append(s.names, soak.LabelName(metric.Name, label, v))
		each = append(each, metric)
	}
	return s.series(each)
}

func (s *sum) series(metrics []soak.Metric) *sum {
	s.one, s.total = make([]float64, len(metrics)), make([]float64, len(metrics))
	s.floors = make([]floor, len(metrics))
	s.samples = make([]soak.Sample, len(metrics))
	for i, m := range metrics {
		s.floors[i].counter = m.Kind == soak.Counter
	}
	return s
}

func (s *sum) Metrics() []soak.Metric { return s.metrics }

func (s *sum) Close() error { return nil }

func (s *sum) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	clear(s.total)
	err := s.tree.each(func(m *procfs.Process) error {
		if err := s.read(m, s.one); err != nil {
			return err
		}
		for i, v := range s.one {
			s.total[i] += v
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, v := range s.total {
		s.samples[i] = p.Sample(s.names[i], s.floors[i].keep(v))
	}
	return s.samples, nil
}

// floor keeps a counter from falling.
type floor struct {
	counter bool
	last    float64
	lost    float64 // with processes or threads that ended
}

func (f *floor) keep(v float64) float64 {
	if !f.counter {
		return v
	}
	if v+f.lost < f.last {
		f.lost = f.last - v
	}
	f.last = v + f.lost
	return f.last
}
