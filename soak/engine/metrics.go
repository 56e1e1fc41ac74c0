package engine

import (
	"soakmon/probes"
	"soakmon/soak"
)

// tickLate is the family of the monitor's own delays. Like the pressure of the machine
// it shows whether the monitor had the CPU time that it needed.
var tickLate = soak.Metric{Name: "tick_late_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-3, Help: "From the time at which the monitor's tick was due and the monitor was idle to its start: how long it waited for a CPU."}

// loadMetrics are the families of the samples made from the driver's tallies.
var loadMetrics = []soak.Metric{
	{Name: "planned_operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Operations planned so far; rests do not count."},
	{Name: "operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Operations completed and verified; without a label, of all loads."},
	{Name: "failed_operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Clean operations that ended with an error."},
	{Name: "errors_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Failed operations by kind of error."},
	{Name: "late_operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Operations that were due but found no free session."},
	{Name: "lost_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Datagrams without an answer in time."},
	{Name: "reordered_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Answers that arrived after the answer to a later datagram of their session."},
	{Name: "duplicated_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Answers that arrived more than once."},
	{Name: "overdue_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Answers to datagrams that were already counted as lost."},
	{Name: "foreign_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Datagrams received that answer none of those sent."},
	{Name: "dirty_sessions_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Dirty sessions that have ended, by kind."},
	{Name: "sessions_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Sessions opened."},
	{Name: "sent_bytes_total", Unit: "bytes", Kind: soak.Counter, Quantum: 1, Help: "Payload sent."},
	{Name: "received_bytes_total", Unit: "bytes", Kind: soak.Counter, Quantum: 1, Help: "Payload received and verified."},
	{Name: "open_sessions", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Sessions open at the tally."},
	{Name: "open_dirty_sessions", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Dirty sessions in progress at the tally, by kind."},
	{Name: "operations_in_flight", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Operations in flight at the tally."},
	{Name: "tally_age_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-3, Help: "Age of the driver's tally: how long before the row its counters were read."},
	{Name: "latency_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "From the time an operation was due to its end, quantile of the interval."},
	{Name: "service_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "From an operation's start to its end, quantile of the interval."},
	{Name: "connect_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "To open a session, quantile of the interval."},
	{Name: "pacer_lag_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "From the time an operation was due to its start by the driver, quantile of the interval."},
}

// Metrics lists every family that a run can record.
func Metrics() []soak.Metric { return append(append(probes.Metrics(), tickLate), loadMetrics...) }
