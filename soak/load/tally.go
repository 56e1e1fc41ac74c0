package load

import (
	"maps"
	"time"

	"soakmon/soak"
)

// tally is the state of the load now; its histograms begin anew.
func (w *workload) tally(now time.Time) soak.LoadTally {
	dirty, open := w.dirtied()
	t := soak.LoadTally{
		Load: w.spec.Name, Protocol: w.spec.Protocol,
		Operations: w.operations.Load(), Failed: w.failed.Load(), Late: w.late.Load(), Dirty: dirty, DirtyOpen: open,
		Sent: w.sent.Load(), Received: w.received.Load(),
		Sessions: w.sessions.Load(), Open: w.open.Load(), InFlight: w.inFlight.Load(),
	}
	w.mu.Lock()
	t.Due = w.due(now)
	t.Errors = maps.Clone(w.errors)
	t.Examples = maps.Clone(w.examples)
	w.mu.Unlock()
	if c, ok := w.opener.(datagramCounter); ok {
		d := c.Datagrams()
		t.Datagrams = &d
	}
	t.Latency, t.Service, t.Connect = w.latency.flush(), w.service.flush(), w.connect.flush()
	return t
}

// datagramCounter is an [Opener] of a datagram load.
type datagramCounter interface{ Datagrams() soak.Datagrams }

// due counts the operations that are due by now by the plan alone, so that a
// pacer that hangs shows as missing operations. mu is held.
func (w *workload) due(now time.Time) int64 {
	s := w.stretch
	if s == nil {
		return int64(w.before)
	}
	until := min(now.Sub(s.begun), time.Duration(s.end.Load()))
	for {
		at, ok := s.due(s.counted)
		if !ok || at > until {
			return int64(w.before + s.counted)
		}
		s.counted++
	}
}
