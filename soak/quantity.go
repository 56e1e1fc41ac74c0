package soak

import "time"

// Per is the unit that growth is divided by.
type Per string

const (
	PerHour      Per = "h"
	PerRun       Per = "run"
	PerOperation Per = "op"
)

// Quantity is an amount of growth per hour, per run or per operation.
// Its text form is `0` or `N[B|KiB|MiB|GiB|%]/(s|h|run|op)`.
type Quantity struct {
	Value   float64 `json:"value"`             // in the metric's base unit; if Percent is set, a share (0.05 is 5 %)
	Percent bool    `json:"percent,omitempty"` // Value is a share of the level after warm-up
	Per     Per     `json:"per"`
	Text    string  `json:"text,omitempty"` // as it was written
}

// Leak is a leak to plant in the embedded reference server as a positive
// control. Its text form is `KIND=N[unit]/(s|h|Nop|Ndirty)`.
type Leak struct {
	Kind       string        `json:"kind"`                 // "fd", "goroutine", "heap", "thread", "child"
	Amount     float64       `json:"amount"`               // per step: bytes for heap, a count for all others
	Every      time.Duration `json:"every,omitempty"`      // the step, if it is a time; otherwise 0
	Operations int64         `json:"operations,omitempty"` // the step, if it is a number of operations; otherwise 0
	Dirty      int64         `json:"dirty,omitempty"`      // the step, if it is a number of dirty sessions as the server sees them; otherwise 0
	Text       string        `json:"text,omitempty"`       // as it was written
}
