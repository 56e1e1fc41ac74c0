package engine

import (
	"soakmon/probes"
	"soakmon/soak"
)

// loadMetrics are the families that the driver's tallies become.
var loadMetrics = []soak.Metric{
	{Name: "planned_operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Operations that the plan asked for; rests do not count."},
	{Name: "operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Operations that ended well, verified; without a label, of all loads."},
	{Name: "failed_operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Clean operations that ended in an error."},
	{Name: "errors_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Failed operations by kind of error."},
	{Name: "late_operations_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Operations that were due and found no free session."},
	{Name: "lost_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Datagrams whose answer did not come in time."},
	{Name: "reordered_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Answers that came after the answer to a later datagram of their session."},
	{Name: "duplicated_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Answers that came more than once."},
	{Name: "overdue_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Answers to datagrams that counted as lost already."},
	{Name: "foreign_datagrams_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Datagrams that are no answers to any that was sent."},
	{Name: "dirty_sessions_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Sessions that were ended badly on purpose, by kind."},
	{Name: "sessions_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Sessions opened."},
	{Name: "sent_bytes_total", Unit: "bytes", Kind: soak.Counter, Quantum: 1, Help: "Payload sent."},
	{Name: "received_bytes_total", Unit: "bytes", Kind: soak.Counter, Quantum: 1, Help: "Payload received and verified."},
	{Name: "open_sessions", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Sessions open at the tally."},
	{Name: "open_dirty_sessions", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Sessions that are to end badly and are under way at the tally, by kind."},
	{Name: "operations_in_flight", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Operations under way at the tally."},
	{Name: "tally_age_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-3, Help: "Age of the driver's tally: its counters are as of so long before the row."},
	{Name: "latency_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "From the time an operation was due to its end, quantile of the interval."},
	{Name: "service_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "From an operation's start to its end, quantile of the interval."},
	{Name: "connect_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "To open a session, quantile of the interval."},
	{Name: "pacer_lag_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1e-6, Help: "From the time an operation was due to its start by the driver, quantile of the interval."},
}

// Metrics lists every family that a run can record.
func Metrics() []soak.Metric { return append(probes.Metrics(), loadMetrics...) }
