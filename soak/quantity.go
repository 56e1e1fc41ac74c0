package soak

import "time"

// Per is what a growth is counted against.
type Per string

const (
	PerHour      Per = "h"
	PerRun       Per = "run"
	PerOperation Per = "op"
)

// Quantity is an amount of growth: how much per hour, per run or per operation.
// Its text form is `0` or `N[B|KiB|MiB|GiB|%]/(s|h|run|op)`.
type Quantity struct {
	Value   float64 `json:"value"`             // in the metric's base unit; a share (0.05 is 5 %) where Percent is set
	Percent bool    `json:"percent,omitempty"` // of the level after warm-up
	Per     Per     `json:"per"`               //
	Text    string  `json:"text,omitempty"`    // as it was written
}

// Leak is a leak to plant in the embedded reference server as a positive
// control. Its text form is `KIND=N[unit]/(s|h|Nop|Ndirty)`.
type Leak struct {
	Kind       string        `json:"kind"`                 // "fd", "goroutine", "heap", "thread", "child"
	Amount     float64       `json:"amount"`               // things, or bytes for heap, per step
	Every      time.Duration `json:"every,omitempty"`      // the step in time; 0 where it is not counted in time
	Operations int64         `json:"operations,omitempty"` // the step in operations; 0 where it is not counted in them
	Dirty      int64         `json:"dirty,omitempty"`      // the step in sessions that end badly, as the server sees them; 0 where it is not counted in them
	Text       string        `json:"text,omitempty"`       // as it was written
}
