package soak

import (
	"cmp"
	"time"
)

// The roles of the processes in a run. Each role is sampled separately, so that a
// leak in the driver or in the monitor is reported as a leak of soak itself.
const (
	RoleTarget  = "target"
	RoleDriver  = "driver"
	RoleRelay   = "relay" // only if the plan has conditions
	RoleMonitor = "monitor"
)

// The runtimes that manage a heap of their own, which the kernel does not show. The
// resident set of all but Go is full of heap from the start, whether or not it is
// in use; that of a Go program follows the live heap up to the collector's goal.
const (
	RuntimeGo     = "go"
	RuntimeJVM    = "jvm"
	RuntimeDotNet = "dotnet"
	RuntimeV8     = "v8"
)

// Kind is how the values of a metric behave over time.
type Kind string

const (
	Gauge   Kind = "gauge"   // may rise and fall
	Counter Kind = "counter" // only rises, and restarts at zero with its process; the name ends in _total
)

// Metric describes a family of series: everything about a series except its
// labels and its values.
type Metric struct {
	Name    string  `json:"name"`           // family name in Prometheus style, without labels: "fds", "rss_bytes"
	Unit    string  `json:"unit"`           // base unit: "bytes", "seconds", or "count"
	Kind    Kind    `json:"kind"`           //
	Quantum float64 `json:"quantum"`        // smallest step between two values (1, 4096, 1e-9, 0.01); 0 for arbitrary floats
	Help    string  `json:"help,omitempty"` // one sentence
}

// SeriesID identifies one series of a run. Host and Target are empty in runs with
// one host and one target.
type SeriesID struct {
	Host    string `json:"host,omitempty"`
	Target  string `json:"target,omitempty"`
	Process string `json:"process"` // RoleTarget, RoleDriver, RoleRelay or RoleMonitor
	Metric  string `json:"name"`    // family name, followed by sorted labels if there are any: `sockets{state="close_wait"}`; see [LabelName]
}

// SeriesOf is the identity of a series in a run with one host and one target.
func SeriesOf(process, metric string) SeriesID { return SeriesID{Process: process, Metric: metric} }

// With is the series of another metric of the same process.
func (id SeriesID) With(metric string) SeriesID {
	id.Metric = metric
	return id
}

// Family is the metric's name without its labels.
func (id SeriesID) Family() string { return Family(id.Metric) }

// Label is the value of a label, empty if the metric does not have it.
func (id SeriesID) Label(name string) string { return Label(id.Metric, name) }

// Compare orders series by host, target, process and metric.
func (id SeriesID) Compare(other SeriesID) int {
	return cmp.Or(cmp.Compare(id.Host, other.Host), cmp.Compare(id.Target, other.Target),
		cmp.Compare(id.Process, other.Process), cmp.Compare(id.Metric, other.Metric))
}

// Sample is one reading of one series of one process.
type Sample struct {
	SeriesID
	Value float64 // in the metric's base unit; NaN if it was due and could not be measured
}

// Row is everything that the monitor read in one tick.
type Row struct {
	At      time.Duration // since the run's start, monotonic
	Wall    time.Time     // the wall clock at the same instant
	Samples []Sample
}

// Series is one metric of one process over a run or a part of it, oldest first.
//
// In a raw series Min, Max and N are nil. In a reduced series each point is a
// bucket of samples: At is its middle, Value its mean without the extremes, Min and Max the extremes,
// and N the number of samples in it.
type Series struct {
	ID     SeriesID
	Metric Metric // the family
	At     []time.Duration
	Value  []float64
	Min    []float64
	Max    []float64
	N      []uint32
	Breaks []time.Duration // trends restart here: a new process, or a suspend of the machine
}
