package detect

import (
	"fmt"
	"math"

	"soakmon/soak"
	"soakmon/soak/human"
)

const (
	farFromZero = 5        // typical steps: what lies further from zero than an outlier does not reach it
	rareZeros   = 1. / 20. // share of the readings: fewer can show nothing in comparison with the others
)

// gaps are the readings of zero that were left out, because the quantity cannot
// be zero while its process lives: recorders write zeros where a process is gone
// or a reading failed.
type gaps struct {
	inside float64 // readings between other readings
	tail   float64 // readings after the last other reading
	ended  float64 // hour of the last other reading, where a tail follows
}

// withoutZeros leaves out readings of exactly zero where the series otherwise
// never comes near zero. Zeros at the beginning are left out where most of the
// series follows them; they and those between other readings must be rare, or
// zero is a level of the series. A process that was gone for more than one
// reading was started again: what follows is another lifetime.
func withoutZeros(pts []point, m soak.Metric, counts bool) ([]point, gaps) {
	first, last, zeros, runs := -1, -1, 0, 0
	for i, p := range pts {
		switch {
		case p.min < 0 || m.Kind == soak.Counter:
			return pts, gaps{}
		case p.min > 0:
			if first < 0 {
				first = i
			}
			last = i
		default:
			zeros++
			if i > 0 && pts[i-1].min > 0 {
				runs++
			}
		}
	}
	if zeros == 0 || first < 0 || !neverNearZero(pts, counts) {
		return pts, gaps{}
	}
	tail := len(pts) - 1 - last
	if tail > 0 {
		runs--
	}
	from := first
	if first > len(pts)/2 {
		from = 0
	}
	if runs > maxRestarts && float64(zeros-first-tail) > rareZeros*float64(len(pts)) {
		return pts, gaps{}
	}
	g := gaps{}
	if tail > 0 {
		g.tail, g.ended = readings(pts[last+1:]), pts[last].t
	}
	kept := make([]point, 0, last+1-from)
	segment, gone := 0, 0
	for i := from; i <= last; i++ {
		p := pts[i]
		if i >= first && p.min == 0 {
			g.inside += readings(pts[i : i+1])
			gone++
			continue
		}
		if gone > 1 && runs <= maxRestarts {
			segment++
		}
		gone = 0
		p.segment += segment
		kept = append(kept, p)
	}
	return kept, g
}

// neverNearZero reports whether all readings but the zeros lie further from zero
// than an outlier of the series would.
func neverNearZero(pts []point, counts bool) bool {
	var mids []float64
	least := math.Inf(1)
	for _, p := range pts {
		if p.min > 0 {
			mids = append(mids, p.mid)
			least = min(least, p.min)
		}
	}
	if len(mids) < leastPoints || counts && least <= cleanCounts {
		return false
	}
	return least > farFromZero*typicalStep(mids)
}

// readings counts the readings of zero in the points. In a bucket of several
// readings of which some are not zero, at least one is.
func readings(pts []point) (n float64) {
	for _, p := range pts {
		if p.max == 0 {
			n += p.n
		} else {
			n++
		}
	}
	return n
}

// warnings say which readings were left out.
func (g gaps) warnings() (out []string) {
	if g.inside > 0 {
		out = append(out, human.Count(int(g.inside), "sample")+" of 0 between the others left out: a gap, not a value")
	}
	zeros := fmt.Sprintf("the last %s samples are 0", human.Integer(int64(g.tail)))
	if g.tail == 1 {
		zeros = "the last sample is 0"
	}
	if g.tail > 0 {
		out = append(out, zeros+": the process had ended at "+human.Roughly(duration(g.ended)))
	}
	return out
}
