package probes

import "time"

// Stretch is the time of a run that will be judged, since the start of the run. The
// zero value is unknown.
type Stretch struct{ From, To time.Duration }

const (
	fewestReadings = 30    // in a stretch, of a series that is judged
	readingShare   = 0.005 // largest part of a core that a probe may use for them, as for profiles
	endPace        = 0.625 // of the usual pause, in the first and the last quarter
	middlePace     = 2.5   // of the usual pause, between them: the same number of readings in all
)

// pause adapts the pause after an expensive reading. The uncertainty of a slope falls
// with the distance of the readings from the middle of the time: with four fifths of
// them in the outer quarters it is a sixth smaller than with an even spacing, and the
// fifth between them still shows whether the growth is a line.
func (s Stretch) pause(usual, cost, at time.Duration) time.Duration {
	length := s.To - s.From
	if length <= 0 {
		return usual
	}
	dearest := time.Duration(float64(cost) / readingShare)
	usual = min(usual, max(dearest, length/fewestReadings))
	if at < s.From || at > s.To {
		return usual
	}
	if quarter := length / 4; at < s.From+quarter || at >= s.To-quarter {
		return time.Duration(endPace * float64(usual))
	}
	return time.Duration(middlePace * float64(usual))
}
