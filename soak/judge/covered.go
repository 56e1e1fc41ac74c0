package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

const (
	holeShare  = 20  // a stretch without a reading counts as a hole from this part of the steady load on (a twentieth),
	holeBeyond = 10  // and only where it is this many times the usual distance of two readings
	minCovered = 0.9 // of the steady load, below which a series is not clean
)

// Covered is the share of the steady load in which a series was measured: all
// of it but the holes. Readings may be far apart, as of a probe that paces
// itself, but they must not stop, begin late or leave out a stretch. A bucket of
// a reduced series counts as one reading. It is 0 with fewer than two readings.
func Covered(s soak.Series, phases []soak.Phase) float64 {
	total := Time(phases, PhaseSteady)
	line := steadyLine(s, phases)
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

// steadyLine gives the times of the measured values on a line from which all
// but steady load is cut out.
func steadyLine(s soak.Series, phases []soak.Phase) []time.Duration {
	var line []time.Duration
	i, before := 0, time.Duration(0)
	for _, p := range phases {
		if p.Name != PhaseSteady {
			continue
		}
		for ; i < len(s.At) && s.At[i] <= p.To; i++ {
			if s.At[i] >= p.From && !math.IsNaN(s.Value[i]) {
				line = append(line, before+s.At[i]-p.From)
			}
		}
		before += p.To - p.From
	}
	return line
}

// unproven says why a series may not be called clean whatever the detector
// makes of what there is, or nothing.
func unproven(s soak.Series, points int, covered float64) string {
	switch {
	case points == 0:
		return "no value was measured under steady load"
	case covered < minCovered:
		return fmt.Sprintf("measured in only %.0f %% of the steady load, last at %s: growth in the rest of it would not have been seen",
			100*covered, lastAt(s).Round(time.Second))
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
