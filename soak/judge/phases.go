package judge

import (
	"math"
	"sort"
	"time"

	"soakmon/soak"
)

// Names of phases. Only steady ones are judged as load.
const (
	PhaseBaseline = "baseline" // before the first load
	PhaseWarmup   = "warmup"   // the first load, and the first seconds after each pause
	PhaseSteady   = "steady"
	PhaseRest     = "rest"   // load paused, sessions kept open
	PhaseDrain    = "drain"  // load ended, sessions closed
	PhasePaused   = "paused" // by an operator
)

// Phases turns the marks on a run's time line into stretches. The last one
// lasts until end.
func Phases(events []soak.Event, end time.Duration) []soak.Phase {
	var out []soak.Phase
	factor := 1.0
	open := func(name string, at time.Duration) {
		if n := len(out); n > 0 {
			out[n-1].To = at
		}
		p := soak.Phase{Name: name, From: at, To: end}
		if name == PhaseSteady || name == PhaseWarmup {
			p.Rate = factor
		}
		out = append(out, p)
	}
	for _, e := range events {
		switch e.Kind {
		case soak.EventPhase:
			open(e.Name, e.At)
		case soak.EventRate:
			factor = e.Value
			if n := len(out); n > 0 && out[n-1].Rate != 0 {
				open(out[n-1].Name, e.At)
			}
		}
	}
	return out
}

// Steady keeps the samples of a series that were taken in steady load.
func Steady(s soak.Series, phases []soak.Phase) soak.Series {
	out := s
	out.At, out.Value = nil, nil
	for _, p := range phases {
		if p.Name != PhaseSteady {
			continue
		}
		from := sort.Search(len(s.At), func(i int) bool { return s.At[i] >= p.From })
		to := sort.Search(len(s.At), func(i int) bool { return s.At[i] >= p.To })
		if p.To == phases[len(phases)-1].To { // the end belongs to the last phase
			to = sort.Search(len(s.At), func(i int) bool { return s.At[i] > p.To })
		}
		out.At = append(out.At, s.At[from:to]...)
		out.Value = append(out.Value, s.Value[from:to]...)
	}
	return out
}

// Rest is one reading at rest, as marked on the time line.
type Rest struct {
	At     time.Duration
	Open   int64
	Forced bool
}

// Rests lists the readings at rest. Where a garbage collection was forced, the
// reading after it stands for the rest, and the one before it is left out.
func Rests(events []soak.Event) []Rest {
	var out []Rest
	plain := false // the last of out is a reading of this rest before its collection
	for _, e := range events {
		switch e.Kind {
		case soak.EventPhase:
			plain = false
		case soak.EventRest:
			r := Rest{At: e.At, Open: int64(e.Value), Forced: e.Name == "gc"}
			if plain && r.Forced {
				out = out[:len(out)-1]
			}
			out, plain = append(out, r), !r.Forced
		}
	}
	return out
}

// At gives a raw series' value at exactly that time, NaN where it has none.
func At(s soak.Series, at time.Duration) float64 {
	i := sort.Search(len(s.At), func(i int) bool { return s.At[i] >= at })
	if i == len(s.At) || s.At[i] != at {
		return math.NaN()
	}
	return s.Value[i]
}
