package probes

import (
	"cmp"
	"context"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// ErrGone says that the process has ended, or that its pid now belongs to
// another one.
var ErrGone = procfs.ErrGone

// Probe reads one family of metrics of one process. It belongs to one
// process and may keep files of it open. It is not safe for concurrent use.
type Probe interface {
	// Metrics lists the families that Read may deliver.
	Metrics() []soak.Metric
	// Read reads them now. Samples and error may both be non-nil: what could
	// be read, and why the rest could not. An ended process is [ErrGone].
	Read(ctx context.Context, p soak.Process) ([]soak.Sample, error)
	// Close releases what the probe keeps open.
	Close() error
}

// noter is a probe that may have notes on how it measures, in addition to its
// errors.
type noter interface{ notes() []string }

// A class says when probes are read, in this order.
type class int

const (
	finder class = iota // finds the processes that the others sum over; read off the tick
	fast                // read at every tick, synchronously
	slow                // read off the tick, paced by its own cost
)

// spec is one kind of probe.
type spec struct {
	name    string
	class   class
	every   time.Duration        // shortest time between two reads; 0 for every tick
	weight  float64              // of its part of the set's share of a core; 0 for fast probes and those with a share of their own
	own     bool                 // it has a share of that size to itself: it is cheap, judged, and must be read at every tick
	remote  bool                 // it asks the process: its cost is the CPU time of that process meanwhile, not of the read
	metrics []soak.Metric        // all it can deliver, except for families named by the user
	open    func(env *env) Probe // nil where the process has nothing for it to read
}

// env is what a probe may need to know to open.
type env struct {
	process soak.Process
	proc    procfs.FS // mount point of proc(5)
	cgroup  string    // mount point of the control groups
	tree    *tree
	golang  *golangState
}

var registry []spec

// register adds a kind of probe; a second one of the same name is a mistake
// in the program.
func register(s spec) {
	if slices.ContainsFunc(registry, func(r spec) bool { return r.name == s.name }) {
		panic("probes: two probes are named " + s.name)
	}
	registry = append(registry, s)
	slices.SortStableFunc(registry, func(a, b spec) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.name, b.name))
	})
}

// Metrics lists all families that any probe can deliver on this system, by
// name, without those that a plan names from a Prometheus page.
func Metrics() []soak.Metric {
	var all []soak.Metric
	for _, s := range registry {
		all = append(all, s.metrics...)
	}
	return distinct(all)
}

// distinct sorts families by name and removes duplicates.
func distinct(all []soak.Metric) []soak.Metric {
	slices.SortStableFunc(all, func(a, b soak.Metric) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b soak.Metric) bool { return a.Name == b.Name })
}
