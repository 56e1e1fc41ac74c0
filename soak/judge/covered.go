package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

const (
	holeShare  = 20  // a stretch without a reading is a hole if it is at least this part of the steady load (a twentieth),
	holeBeyond = 10  // and at least this many times the usual distance between readings
	minCovered = 0.9 // of the steady load, below which a series is not clean
)

// Covered is the share of the steady load in which a series was measured: all of
// it except the holes. Readings may be far apart, as those of a probe that paces
// itself, but they must not stop, begin late or leave out a stretch. A lifetime of
// the process between two restarts that is too short to be judged is left out. A
// bucket of a reduced series counts as one reading. The share is 0 with fewer
// than two readings.
func Covered(s soak.Series, phases []soak.Phase) float64 {
	total := Time(phases, soak.PhaseSteady)
	var line []time.Duration
	for _, life := range steadyLifetimes(s, phases) {
		if n := len(life); n > 0 && holeShare*(life[n-1]-life[0]) >= total {
			line = append(line, life...)
		}
	}
	if total <= 0 || len(line) < 2 {
		return 0
	}
	gaps := make([]time.Duration, len(line)-1)
	for i := range gaps {
		gaps[i] = line[i+1] - line[i]
	}
	usual := slices.Sorted(slices.Values(gaps))[len(gaps)/2]
	hole := max(holeBeyond*usual, total/holeShare)
	missed := time.Duration(0)
	for _, g := range append(gaps, line[0], total-line[len(line)-1]) {
		if g > hole {
			missed += g
		}
	}
	return 1 - float64(missed)/float64(total)
}

// steadyLifetimes returns the times of the measured values, for each lifetime of
// the process, on a time line that consists of steady load only.
func steadyLifetimes(s soak.Series, phases []soak.Phase) [][]time.Duration {
	lifetimes := make([][]time.Duration, 1)
	breaks := s.Breaks
	i, before := 0, time.Duration(0)
	for _, p := range phases {
		if p.Name != soak.PhaseSteady {
			continue
		}
		for ; i < len(s.At) && s.At[i] <= p.To; i++ {
			for len(breaks) > 0 && breaks[0] <= s.At[i] {
				lifetimes, breaks = append(lifetimes, nil), breaks[1:]
			}
			if s.At[i] >= p.From && !math.IsNaN(s.Value[i]) {
				now := &lifetimes[len(lifetimes)-1]
				*now = append(*now, before+s.At[i]-p.From)
			}
		}
		before += p.To - p.From
	}
	return lifetimes
}

// unproven returns why a series must not be called clean, whatever the verdict on
// the measured part is; empty where it may.
func unproven(s soak.Series, points int, covered float64) string {
	switch {
	case points == 0:
		return "no value was measured under steady load"
	case covered < minCovered:
		return fmt.Sprintf("measured in only %s of the steady load, last at %s: growth in the rest of it would not have been seen",
			human.Percent(covered), human.Offset(lastAt(s)))
	}
	return ""
}

func lastAt(s soak.Series) (at time.Duration) {
	for i, v := range s.Value {
		if !math.IsNaN(v) {
			at = s.At[i]
		}
	}
	return at
}
