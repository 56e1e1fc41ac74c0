package attribute

import (
	"math"
	"slices"
	"sort"
	"time"

	"soakmon/soak"
)

// Line is a series of readings; NaN where there is none.
type Line struct {
	At    []time.Duration
	Value []float64
	Clock bool          // the value is the time
	Age   time.Duration // readings are older than their times by an unknown part of this
}

// Stretch is a part of a run under constant conditions.
type Stretch struct{ From, To time.Duration }

// unsettled is the time after a change of the rate in which the level still adapts.
const unsettled = 3 * time.Second

// Stretches are the parts of the steady load between two times in which neither the
// rate nor the process changed. breaks are the restarts of the process.
func Stretches(from, to time.Duration, breaks []time.Duration, phases []soak.Phase) (all []Stretch) {
	for i, p := range phases {
		if p.Name != soak.PhaseSteady {
			continue
		}
		from, to := max(p.From, from), min(p.To, to)
		if i > 0 && phases[i-1].Name == soak.PhaseSteady {
			from = max(from, p.From+min(unsettled, (p.To-p.From)/3))
		}
		for _, b := range breaks {
			if b > from && b < to {
				all = append(all, Stretch{From: from, To: b})
				from = b
			}
		}
		if from < to {
			all = append(all, Stretch{From: from, To: to})
		}
	}
	return all
}

// rounding is an upper bound of the standard deviation of the difference of two
// rounded values, as a share of the rounding step.
const rounding = 0.3

const (
	manyBlocks  = 40 // blocks of a run, or more where they would be longer than longest,
	mostBlocks  = 240
	longest     = time.Minute
	readings    = 3 // fewest readings in a block;
	fewBlocks   = 3 // blocks of a short stretch,
	fewReadings = 2 // with at least this number of readings
)

// Blocks makes a table of the growth of a resource and of the counters that may be
// its causes. The level of a block is the mean of its readings, and growth is the
// difference between neighboring blocks. So the scatter of single readings hardly
// matters, and a random walk does not resemble a trend. No block extends beyond
// the end of a stretch. quantum is the smallest step between two readings of the
// resource.
func Blocks(resource Line, causes []Line, stretches []Stretch, quantum float64) Table {
	t := Table{Done: make([][]float64, len(causes)), Noise: quantum * rounding}
	apart, length := blockLength(resource, stretches)
	if length <= 0 {
		return t
	}
	share := 0.0
	for _, s := range stretches {
		var before []float64
		joined, had := false, 0.0
		n := max(int((s.To-s.From)/length), min(int((s.To-s.From)/(fewReadings*apart)), fewBlocks), 1)
		for i := range n {
			part := (s.To - s.From) / time.Duration(n)
			from := s.From + time.Duration(i)*part
			level, n := levels(resource, causes, from, from+part)
			if level != nil && before != nil {
				t.append(level, before, joined)
				share += 1/n + 1/had
			}
			joined = level != nil && before != nil
			before, had = level, n
		}
	}
	t.errors(causes, stretches, share/math.Max(1, float64(len(t.Growth))))
	return t
}

// errors computes the errors of the causes: those of the times at which they were
// read. share is the mean variance of the difference of two levels, as a share of the
// variance of a reading.
func (t *Table) errors(causes []Line, stretches []Stretch, share float64) {
	late := timing(causes, stretches)
	t.Error = make([]float64, len(causes))
	for i, c := range causes {
		if _, rate := c.steadiness(stretches); rate > 0 {
			// Ages are uniform, and as they drift slowly, they do not average out.
			age := c.Age.Seconds() / math.Sqrt(12)
			t.Error[i] = rate * math.Sqrt(late*late*share+2*age*age)
		}
	}
}

func (t *Table) append(level, before []float64, joined bool) {
	t.Growth = append(t.Growth, level[0]-before[0])
	t.Joined = append(t.Joined, joined)
	for i := range t.Done {
		t.Done[i] = append(t.Done[i], level[i+1]-before[i+1])
	}
}

// levels are the means in a block, of the resource and then of the causes at
// the same times, and the number of readings; nil where there are fewer than two.
func levels(resource Line, causes []Line, from, to time.Duration) (out []float64, n float64) {
	out = make([]float64, len(causes)+1)
	first, _ := slices.BinarySearch(resource.At, from)
	for i := first; i < len(resource.At) && resource.At[i] < to; i++ {
		if math.IsNaN(resource.Value[i]) {
			continue
		}
		n++
		out[0] += resource.Value[i]
		for j, c := range causes {
			out[j+1] += c.at(resource.At[i])
		}
	}
	for i := range out {
		out[i] /= n
	}
	if n < 2 || !finite(out) {
		return nil, n
	}
	return out, n
}

// at is a counter's value, interpolated linearly between readings.
func (l Line) at(t time.Duration) float64 {
	i := sort.Search(len(l.At), func(i int) bool { return l.At[i] >= t })
	switch {
	case i == len(l.At):
		return math.NaN()
	case l.At[i] == t:
		return l.Value[i]
	case i == 0:
		return math.NaN()
	}
	share := float64(t-l.At[i-1]) / float64(l.At[i]-l.At[i-1])
	return l.Value[i-1] + share*(l.Value[i]-l.Value[i-1])
}

// blockLength returns the distance between readings and the length of a block,
// which leaves enough blocks to distinguish cause from chance and enough readings
// in each.
func blockLength(resource Line, stretches []Stretch) (apart, length time.Duration) {
	var total time.Duration
	n := 0
	for _, s := range stretches {
		total += s.To - s.From
		from, _ := slices.BinarySearch(resource.At, s.From)
		to, _ := slices.BinarySearch(resource.At, s.To)
		n += to - from
	}
	if n == 0 {
		return 0, 0
	}
	apart = max(total/time.Duration(n), 1)
	return apart, max(min(total/manyBlocks, longest), total/mostBlocks, readings*apart)
}
