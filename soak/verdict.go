package soak

import (
	"math"
	"time"
)

// State is the answer to "does it grow?".
type State string

const (
	Clean        State = "clean"        // growth above the tolerance is excluded
	Inconclusive State = "inconclusive" // neither is shown
	Leaking      State = "leak"         // sustained growth above the tolerance is shown
)

// Phase is a stretch of a run. A change of rate splits a steady phase.
type Phase struct {
	Name PhaseName     `json:"name"`
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
	Rate float64       `json:"rate"` // factor on the planned rate: 1, or a step of vary; 0 outside load
}

// Question is everything a detector may look at to judge one series.
type Question struct {
	Series     Series        // raw or reduced
	Rest       []RestPoint   // the series' value at rest, oldest first; the baseline before the load is the first
	Operations Series        // cumulative operations of the load, or empty
	Phases     []Phase       // empty: all of the series is steady load
	Warmup     time.Duration // known warm-up at the beginning of the load, not to be judged; 0: find it
	Limit      float64       // where the process dies; NaN where it is not known
	Tolerance  Quantity      // growth that is allowed
	Planned    time.Duration // how long the load is to last in all, while it goes on; 0: it is over, or has no end
	Look       int           // which look this is, from 1; 0: the only one
	Family     int           // number of series judged together; 0 is 1
}

// RestPoint is one reading with the load paused and the target settled.
type RestPoint struct {
	At     time.Duration
	Value  float64
	Open   int64 // sessions kept open meanwhile
	Forced bool  // a garbage collection was asked for before
}

// Growth is how fast a series grows, and how sure that is. Slopes are in the
// series' unit per hour; NaN means that the number cannot be known.
type Growth struct {
	Slope         Float   `json:"slope_per_hour"`
	Lo            Float   `json:"slope_low"`
	Hi            Float   `json:"slope_high"`              // plain 95 % interval of Slope
	PerOperation  Float   `json:"per_operation"`           // growth in units per operation; NaN without operations
	Follows       Follows `json:"follows,omitempty"`       // what the growth follows, where that is identified
	MinDetectable Float   `json:"min_detectable_per_hour"` // the smallest growth that would have been called a leak, with 95 % power under white noise and less under saws and correlated noise
}

// UnknownGrowth is the growth of a series of which nothing is known.
func UnknownGrowth() Growth {
	nan := Float(math.NaN())
	return Growth{Slope: nan, Lo: nan, Hi: nan, PerOperation: nan, MinDetectable: nan}
}

// Verdict is a detector's answer on one series.
type Verdict struct {
	State State
	Growth
	Since      time.Duration // growth began here; meaningless unless leaking
	Level      float64       // the level after warm-up
	Exhaustion Exhaustion
	P          float64 // p value against "no sustained growth", after correction for looks and family
	Evidence   Evidence
	Reason     string   // one sentence in plain words
	Warnings   []string // shown in addition to the verdict, never instead of it
}

// Exhaustion says when the limit is reached if the growth goes on, as time
// since the run's start. All are zero where no limit is known or nothing grows.
type Exhaustion struct {
	Limit  float64
	At     time.Duration
	Lo, Hi time.Duration // 95 % interval; Hi is 0 where it has no end
}
