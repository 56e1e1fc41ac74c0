package profiles

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/pprof/profile"
)

// stackLimit is the maximum number of distinct stacks in a [Course]. All further
// stacks count as one. A real program has some thousands.
const stackLimit = 20_000

// Course is a sequence of profiles of one kind: one value for each stack at each
// snapshot. The value is live bytes for heap profiles, a count for goroutine
// profiles, and the cores in use for CPU profiles: seconds of CPU time per second.
// It is not safe for concurrent use.
type Course struct {
	Unit string // "bytes", "count", "seconds" or "cores"

	at     []time.Duration
	frames []Frame
	ids    map[Frame]int32
	stacks []string // indices into frames, four bytes each
	known  map[string]int32
	cells  [][]cell // by stack, oldest first
	other  int32    // stack of all those beyond the limit, -1: none yet
}

// cell is the value of one stack in one snapshot.
type cell struct {
	value    float64
	snapshot int32
	count    float32 // of objects, if the profile counts them
	variance float32 // of value, caused by sampling
}

// NewCourse returns an empty course.
func NewCourse() *Course {
	return &Course{ids: map[Frame]int32{}, known: map[string]int32{}, other: -1}
}

// Len is the number of snapshots.
func (c *Course) Len() int { return len(c.at) }

// Add adds a snapshot; at must be later than that of the previous one. If p has no
// type of value, Add returns [ErrNotProfile] and does not change the course.
func (c *Course) Add(at time.Duration, p *profile.Profile) error {
	r, err := readerOf(p)
	if err != nil {
		return err
	}
	c.Unit = r.unit
	n := int32(len(c.at))
	c.at = append(c.at, at)
	places := make(map[*profile.Location][]int32, len(p.Location))
	var key []byte
	for _, s := range p.Sample {
		value, count, variance := r.read(s)
		if value == 0 {
			continue
		}
		key = key[:0]
		for _, l := range s.Location {
			frames, ok := places[l]
			if !ok {
				frames = c.place(l)
				places[l] = frames
			}
			for _, f := range frames {
				key = binary.LittleEndian.AppendUint32(key, uint32(f))
			}
		}
		c.add(c.stack(key), cell{value, n, float32(count), float32(variance)})
	}
	return nil
}

// add adds a sample. A profile may have several of the same stack; they are summed.
func (c *Course) add(stack int32, x cell) {
	cells := c.cells[stack]
	if n := len(cells); n > 0 && cells[n-1].snapshot == x.snapshot {
		last := &cells[n-1]
		last.value += x.value
		last.count += x.count
		last.variance += x.variance
		return
	}
	c.cells[stack] = append(cells, x)
}

// place returns the indices of the frames at a location, inlined calls first.
func (c *Course) place(l *profile.Location) []int32 {
	var ids []int32
	for _, f := range framesAt(l) {
		id, ok := c.ids[f]
		if !ok {
			id = int32(len(c.frames))
			c.ids[f] = id
			c.frames = append(c.frames, f)
		}
		ids = append(ids, id)
	}
	return ids
}

func framesAt(l *profile.Location) []Frame {
	var all []Frame
	for _, line := range l.Line {
		if line.Function != nil {
			all = append(all, Frame{line.Function.Name, line.Function.Filename, int(line.Line)})
		}
	}
	if len(all) == 0 {
		name := fmt.Sprintf("0x%x", l.Address)
		if l.Mapping != nil && l.Mapping.File != "" {
			return []Frame{{Function: name, File: l.Mapping.File}}
		}
		return []Frame{{Function: name}}
	}
	return all
}

func (c *Course) stack(key []byte) int32 {
	if id, ok := c.known[string(key)]; ok {
		return id
	}
	if len(c.stacks) >= stackLimit {
		if c.other < 0 {
			c.other = c.newStack("")
		}
		return c.other
	}
	id := c.newStack(string(key))
	c.known[string(key)] = id
	return id
}

func (c *Course) newStack(key string) int32 {
	c.stacks, c.cells = append(c.stacks, key), append(c.cells, nil)
	return int32(len(c.stacks) - 1)
}

// stackOf returns the frames of a stack.
func (c *Course) stackOf(id int32) Stack {
	key := c.stacks[id]
	s := make(Stack, 0, len(key)/4)
	for ; len(key) > 0; key = key[4:] {
		s = append(s, c.frames[binary.LittleEndian.Uint32([]byte(key[:4]))])
	}
	if len(s) == 0 {
		return Stack{{Function: "(other)"}}
	}
	return s
}

// sampleReader reads values from the samples of a profile.
type sampleReader struct {
	unit         string
	value, count int // indices into a sample's values; count is -1 if there is none
	scale        float64
	rate         float64 // bytes or nanoseconds between two samples of the profiler; 0 if it does not sample
}

// values are the types of value in order of preference, each with the type that
// counts its objects.
var values = []struct{ value, count string }{
	{"inuse_space", "inuse_objects"}, {"space", "objects"}, {"goroutine", ""}, {"goroutineleak", ""}, {"cpu", "samples"}, {"delay", "contentions"},
}

func readerOf(p *profile.Profile) (sampleReader, error) {
	index := func(name string) int {
		return slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == name })
	}
	r := sampleReader{value: len(p.SampleType) - 1, count: -1, scale: 1, unit: "count"}
	if r.value < 0 {
		return r, fmt.Errorf("%w: no sample type", ErrNotProfile)
	}
	for _, v := range values {
		if i := index(v.value); i >= 0 {
			r.value, r.count = i, index(v.count)
			break
		}
	}
	switch p.SampleType[r.value].Unit {
	case "bytes":
		r.unit, r.rate = "bytes", float64(p.Period)
	case "nanoseconds":
		r.unit, r.scale = "seconds", 1e-9
		if p.DurationNanos > 0 && p.SampleType[r.value].Type == "cpu" {
			r.unit, r.scale = "cores", 1/float64(p.DurationNanos)
		}
		r.rate = float64(p.Period)
	}
	return r, nil
}

// read returns a sample's value, its number of objects, and the variance of the value
// caused by sampling.
func (r sampleReader) read(s *profile.Sample) (value, count, variance float64) {
	raw := float64(s.Value[r.value])
	if r.count >= 0 {
		count = float64(s.Value[r.count])
	}
	size := r.rate // in a CPU profile, one sample represents one period
	hit := 1.0
	if r.unit == "bytes" && count > 0 {
		size = raw / count
		if r.rate > 0 {
			// An object of that size is sampled with this probability
			// (runtime/mprof.go), so that the estimate n/hit of Horvitz and
			// Thompson (1952) varies by n(1-hit)/hit².
			hit = -math.Expm1(-size / r.rate)
		}
		return raw, count, raw * size * (1 - hit) / hit
	}
	return raw * r.scale, count, math.Abs(raw) * size * r.scale * r.scale
}
