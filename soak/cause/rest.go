package cause

import (
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/attribute"
	"soakmon/soak/human"
)

// AtRest is whether growth under load continues while the load pauses and sessions
// stay open.
type AtRest string

// What growth does at rest.
const (
	Ends      AtRest = "ends"
	Continues AtRest = "continues"
)

// certainty is the number of standard errors between growth at rest and half of what
// the rate under load would add.
const certainty = 3

// resting compares the growth of a count at rest with that under load. It is empty
// where the rests are too short to know, and for memory, which a collector or an
// allocator takes and returns in its own time.
func resting(s soak.Series, l Leak, phases []soak.Phase) (is AtRest, words string) {
	if l.Unit == "bytes" {
		return "", ""
	}
	line := attribute.Line{At: s.At, Value: s.Value}
	scatter := max(attribute.Scatter(line, attribute.Stretches(l.From, l.To, s.Breaks, phases)), 1)
	var rose, hours, pairs float64
	for _, p := range phases {
		if p.From < l.From || p.Name != soak.PhaseRest && p.Name != soak.PhasePaused {
			continue
		}
		from := p.From + min(restSettles, (p.To-p.From)/3) // operations in flight end
		at, value := cut(soak.Series{At: s.At, Value: s.Value}, from, p.To-1)
		if last := len(at) - 1; last > 0 && !broken(s.Breaks, at[0], at[last]) {
			rose, hours, pairs = rose+value[last]-value[0], hours+(at[last]-at[0]).Hours(), pairs+1
		}
	}
	expected, margin := l.Slope*hours, certainty*scatter*math.Sqrt(2*pairs)
	measured := fmt.Sprintf("%+.0f in %s at rest, %.0f at the rate under load", rose, human.Seconds(hours*3600), expected)
	switch {
	case pairs == 0 || !(expected > 2*margin), rose < -margin: // idle sessions may be closed, which hides growth
		return "", ""
	case rose+margin <= expected/2:
		return Ends, "when the load pauses the growth ends (" + measured + ")"
	case rose-margin >= expected/2:
		return Continues, "the growth continues while the load pauses (" + measured + ")"
	}
	return "", ""
}

// restSettles is the time after a pause of the load in which the level still adapts.
const restSettles = 3 * time.Second

func broken(breaks []time.Duration, from, to time.Duration) bool {
	for _, b := range breaks {
		if b > from && b <= to {
			return true
		}
	}
	return false
}

// rested adds what growth does at rest. Growth that continues there is by time, where
// the load alone did not distinguish that from its own activities; growth that ends
// there is not by time, which is then no rival of what the load does.
func (w *With) rested() {
	switch {
	case w.AtRest == Continues && len(w.Rivals) > 0 && w.Rivals[0].What == soak.FollowsTime:
		w.Named, w.Rivals, w.Only = w.Rivals[:1], nil, true
	case w.AtRest == Ends && len(w.Rivals) > 1 && w.Rivals[0].What == soak.FollowsTime:
		w.Not = slices.Insert(w.Not, 0, w.Rivals[0])
		if w.Rivals = w.Rivals[1:]; len(w.Rivals) == 1 {
			w.Named, w.Rivals = w.Rivals, nil
		}
	case w.AtRest == Ends && w.Follows() == soak.FollowsTime:
		w.Only = false
	}
}
