package judge

import (
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// Phases converts the marks on a run's time line to phases without gap or
// overlap. The last one lasts until end, or is empty where it begins later. A
// phase's rate is the factor on the planned rate of the given loads together.
func Phases(loads []soak.Workload, events []soak.Event, end time.Duration) []soak.Phase {
	var out []soak.Phase
	factors := map[string]float64{}
	begin := func(name soak.PhaseName, at time.Duration) {
		if n := len(out); n > 0 {
			at = max(at, out[n-1].From)
			out[n-1].To = at
		}
		p := soak.Phase{Name: name, From: at, To: max(at, end)}
		if name.Loading() {
			p.Rate = factor(loads, factors)
		}
		out = append(out, p)
	}
	for _, e := range events {
		switch {
		case e.Kind == soak.EventPhase:
			begin(soak.PhaseName(e.Name), e.At)
		case e.Kind == soak.EventRate && named(loads, e.Name):
			factors[e.Name] = float64(e.Value)
			if n := len(out); n > 0 && out[n-1].Name.Loading() {
				begin(out[n-1].Name, e.At)
			}
		}
	}
	return out
}

func named(loads []soak.Workload, name string) bool {
	return slices.ContainsFunc(loads, func(w soak.Workload) bool { return w.Name == name })
}

// factor is the mean of the loads' factors, weighted by their planned rates; 1
// where nothing is planned.
func factor(loads []soak.Workload, factors map[string]float64) float64 {
	var planned, varied float64
	for _, w := range loads {
		f, ok := factors[w.Name]
		if !ok {
			f = 1
		}
		planned += w.Rate
		varied += w.Rate * f
	}
	if planned == 0 {
		return 1
	}
	return varied / planned
}

// Steady keeps the samples of a raw series that were taken in steady load. A
// sample at the instant at which a phase begins belongs to that phase; all
// after the last mark belong to the last one.
func Steady(s soak.Series, phases []soak.Phase) soak.Series {
	out := s
	out.At, out.Value = nil, nil
	for i, p := range phases {
		if p.Name != soak.PhaseSteady {
			continue
		}
		from, _ := slices.BinarySearch(s.At, p.From)
		to := len(s.At)
		if i < len(phases)-1 {
			to, _ = slices.BinarySearch(s.At, p.To)
		}
		out.At = append(out.At, s.At[from:to]...)
		out.Value = append(out.Value, s.Value[from:to]...)
	}
	return out
}

// Time is the total duration of the phases of a name.
func Time(phases []soak.Phase, name soak.PhaseName) (total time.Duration) {
	for _, p := range phases {
		if p.Name == name {
			total += p.To - p.From
		}
	}
	return total
}

// Rest is one reading at rest, as marked on the time line.
type Rest struct {
	At     time.Duration
	Open   int64
	Forced bool
}

// Rests lists the readings at rest. Where a garbage collection was forced, the
// reading after it counts, and the one before it is left out.
func Rests(events []soak.Event) []Rest {
	var out []Rest
	plain := false // the last of out is a reading of this rest before its collection
	for _, e := range events {
		switch e.Kind {
		case soak.EventPhase:
			plain = false
		case soak.EventRest:
			r := Rest{At: e.At, Open: int64(e.Value), Forced: e.Name == soak.ForcedGC}
			if plain && r.Forced {
				out = out[:len(out)-1]
			}
			out, plain = append(out, r), !r.Forced
		}
	}
	return out
}

// At returns a raw series' value at exactly that time, NaN where it has none.
func At(s soak.Series, at time.Duration) float64 {
	if i, ok := slices.BinarySearch(s.At, at); ok {
		return s.Value[i]
	}
	return math.NaN()
}
