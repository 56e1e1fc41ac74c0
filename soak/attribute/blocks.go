package attribute

import (
	"math"
	"slices"
	"sort"
	"time"
)

// Line is a series of readings; NaN where there is none.
type Line struct {
	At    []time.Duration
	Value []float64
}

// Stretch is a part of a run under constant conditions.
type Stretch struct{ From, To time.Duration }

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
// the end of a stretch.
func Blocks(resource Line, causes []Line, stretches []Stretch, noise float64) Table {
	t := Table{Done: make([][]float64, len(causes)), Noise: noise}
	apart, length := blockLength(resource, stretches)
	if length <= 0 {
		return t
	}
	for _, s := range stretches {
		var before []float64
		joined := false
		n := max(int((s.To-s.From)/length), min(int((s.To-s.From)/(fewReadings*apart)), fewBlocks), 1)
		for i := range n {
			part := (s.To - s.From) / time.Duration(n)
			from := s.From + time.Duration(i)*part
			level := levels(resource, causes, from, from+part)
			if level != nil && before != nil {
				t.append(level, before, joined)
			}
			joined = level != nil && before != nil
			before = level
		}
	}
	return t
}

func (t *Table) append(level, before []float64, joined bool) {
	t.Growth = append(t.Growth, level[0]-before[0])
	t.Joined = append(t.Joined, joined)
	for i := range t.Done {
		t.Done[i] = append(t.Done[i], level[i+1]-before[i+1])
	}
}

// levels are the means in a block, of the resource and then of the causes at
// the same times; nil where there are fewer than two readings.
func levels(resource Line, causes []Line, from, to time.Duration) []float64 {
	out, n := make([]float64, len(causes)+1), 0.0
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
		return nil
	}
	return out
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
