package soak

import (
	"math"
	"time"
)

// State is the answer to whether a series grows.
type State string

const (
	Clean        State = "clean"        // growth above the tolerance is ruled out
	Inconclusive State = "inconclusive" // there is not enough evidence for either
	Leaking      State = "leak"         // there is evidence of sustained growth above the tolerance
	NotJudged    State = "not judged"   // shown only: other series decide
)

// Phase is an interval of a run. A change of the rate splits a steady phase.
type Phase struct {
	Name PhaseName     `json:"name"`
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
	Rate float64       `json:"rate"` // factor on the planned rate: 1, or a step of vary; 0 outside load
}

// Question is everything that a detector may use to judge one series.
type Question struct {
	Series     Series        // raw or reduced
	Rest       []RestPoint   // the series at rest, oldest first, beginning with the baseline before the load
	Operations Series        // cumulative operations of the load, or empty
	Phases     []Phase       // empty: the whole series is steady load
	Warmup     time.Duration // warm-up at the beginning of the load, which is not judged; 0: the detector estimates it
	Limit      float64       // the value at which the process fails; NaN if unknown
	Tolerance  Quantity      // allowed growth
	Planned    time.Duration // planned duration of a load in progress; 0: it has ended, or has no planned end
	Look       int           // number of this look, from 1; 0: the only one
	Final      bool          // check MinDetectable by computation, at the cost of several judgements
	Family     int           // number of series judged at the same time; 0 is 1
	Stop       bool          // the run may end at this look: clean must hold for the planned duration, at all looks together
	Fired      float64       // growth per hour that an earlier look has shown, and for which an alert is firing: it need not be shown again; 0: none
}

// RestPoint is one reading while the load is paused and the target has settled.
type RestPoint struct {
	At     time.Duration
	Value  float64
	Open   int64 // number of sessions kept open
	Forced bool  // a garbage collection was forced first
}

// Growth is how fast a series grows, with its uncertainty. Slopes are in the
// series' unit per hour; NaN means unknown.
type Growth struct {
	Slope         Float   `json:"slope_per_hour"`
	Lo            Float   `json:"slope_low"`
	Hi            Float   `json:"slope_high"`              // plain 95 % interval of Slope
	PerOperation  Float   `json:"per_operation"`           // in the series' unit per operation; NaN without operations
	Follows       Follows `json:"follows,omitempty"`       // what the growth is proportional to, if that is identified
	MinDetectable Float   `json:"min_detectable_per_hour"` // the smallest growth that would have been called a leak, with 95 % power, where Question.Final was set; else by a formula, under white noise. NaN for a leak
}

// UnknownGrowth is the growth of a series that was not measured: every number is NaN.
func UnknownGrowth() Growth {
	nan := Float(math.NaN())
	return Growth{Slope: nan, Lo: nan, Hi: nan, PerOperation: nan, MinDetectable: nan}
}

// Verdict is a detector's answer on one series.
type Verdict struct {
	State State
	Growth
	Since      time.Duration // when the growth began; only meaningful if State is Leaking
	Until      time.Duration // when the growth ended with the lifetime of the process; 0 if it lasts
	Level      float64       // the level after warm-up
	Exhaustion Exhaustion
	Needed     time.Duration // length of a run that would decide at this noise; 0: unknown
	P          float64       // p value against "no sustained growth", after correction for looks and family
	Evidence   Evidence
	Steps      []Step   // rises of the level that were not taken back, oldest first; not where the growth is steady
	Reason     string   // one sentence for people
	Warnings   []string // shown in addition to the verdict, never instead of it
}

// Step is one rise of the level that was not taken back.
type Step struct {
	At   time.Duration `json:"at"`   // when the level had risen, since the run's start
	Size Float         `json:"size"` // in the unit of the series
}

// Exhaustion is when the limit is reached if the growth continues, as time since
// the run's start. All fields are zero if no limit is known or nothing grows.
type Exhaustion struct {
	Limit  float64
	At     time.Duration
	Lo, Hi time.Duration // 95 % interval; Hi is 0 if it has no upper end

	Reached time.Duration // when the limit was reached; 0 if it was not
}
