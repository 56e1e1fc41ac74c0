package bench

import (
	"time"

	"soakmon/soak"
)

// The orders that a client understands.
const (
	Transfer = "transfer" // operations one after the other on one session
	Connect  = "connect"  // new sessions one after the other, each for one operation
	Crowd    = "crowd"    // the same by Workers at once
	Hold     = "hold"     // open Sessions, each for one operation, and keep them
	Work     = "work"     // operations on all that are held, at once
	Release  = "release"  // end what is held
)

// Order is one thing for a client to do: a line of JSON.
type Order struct {
	Do       string        `json:"do"`
	Load     soak.Workload `json:"load"`               // what to open; its Payload is bytes each way per operation
	For      time.Duration `json:"for,omitempty"`      // how long, at least
	Warm     bool          `json:"warm,omitempty"`     // Transfer: one operation before that is not timed
	Least    int           `json:"least,omitempty"`    // operations that are wanted even where they take longer, up to five times as long
	Workers  int           `json:"workers,omitempty"`  // of Crowd and Hold
	Sessions int           `json:"sessions,omitempty"` // of Hold
}

// Reading is what came of an order: a line of JSON. An operation is one verified
// request and reply, its opening included where the order opens sessions.
type Reading struct {
	Operations int            `json:"operations"`
	Failed     int            `json:"failed"`
	Errors     map[string]int `json:"errors,omitempty"`  // by kind
	Example    string         `json:"example,omitempty"` // text of the first error
	Sent       int64          `json:"sent"`              // payload bytes of operations that went well
	Received   int64          `json:"received"`
	Warm       int64          `json:"warm,omitempty"` // payload bytes that were not timed, both ways
	Seconds    float64        `json:"seconds"`        // from the first begin to the last end
	P50        soak.Float     `json:"p50"`            // of an operation, seconds
	P95        soak.Float     `json:"p95"`
	P99        soak.Float     `json:"p99"`
}

// Bounds of an order.
const (
	patience     = 5      // times For, for Least operations
	mostSessions = 20_000 // new ones by one order: ports are reused only after a while
	mostFailures = 20     // after which an order is given up
)

// slowest rate, in bytes per second, at which a transfer is still waited for.
const slowest = 1 << 20

// timeout is how long one operation may take: what hangs must not hang the run.
func timeout(o Order) time.Duration {
	return 2*patience*o.For + 30*time.Second + time.Duration(o.Load.Payload/slowest)*time.Second
}
