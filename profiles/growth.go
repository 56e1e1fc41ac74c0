package profiles

import (
	"math"
	"slices"
	"time"

	"github.com/google/pprof/profile"
)

// Growth returns the growth of a ranking's stacks over its interval as a profile
// that any pprof tool can read. A value is the robust slope of a stack times the
// length of the interval, so that noise in the first or last snapshot does not
// count. It is negative for a stack that shrank.
func (r Ranking) Growth() *profile.Profile {
	length := r.To - r.From
	w := writer{functions: map[string]*profile.Function{}, locations: map[Frame]*profile.Location{}, p: &profile.Profile{
		SampleType:    []*profile.ValueType{{Type: "objects", Unit: "count"}, {Type: "growth", Unit: r.Unit}},
		DurationNanos: int64(length),
	}}
	scale := 1.0
	if r.Unit == "seconds" || r.Unit == "cores" { // of CPU time per second
		scale, w.p.SampleType[1].Unit = float64(time.Second), "nanoseconds"
	}
	for _, s := range r.Sites {
		value := int64(math.Round(s.Slope * length.Hours() * scale))
		if value == 0 {
			continue
		}
		sample := &profile.Sample{Value: []int64{int64(math.Round(s.Counts * length.Hours())), value}}
		for _, f := range s.Stack {
			sample.Location = append(sample.Location, w.location(f))
		}
		w.p.Sample = append(w.p.Sample, sample)
	}
	if slices.ContainsFunc(w.p.Sample, func(s *profile.Sample) bool { return s.Value[0] != 0 }) {
		w.p.DefaultSampleType = "growth"
		return w.p
	}
	w.p.SampleType = w.p.SampleType[1:]
	for _, s := range w.p.Sample {
		s.Value = s.Value[1:]
	}
	return w.p
}

// writer builds a profile's tables.
type writer struct {
	p         *profile.Profile
	functions map[string]*profile.Function
	locations map[Frame]*profile.Location
}

func (w *writer) location(f Frame) *profile.Location {
	if l, ok := w.locations[f]; ok {
		return l
	}
	l := &profile.Location{ID: uint64(len(w.p.Location) + 1), Line: []profile.Line{{Function: w.function(f), Line: int64(f.Line)}}}
	w.locations[f] = l
	w.p.Location = append(w.p.Location, l)
	return l
}

func (w *writer) function(f Frame) *profile.Function {
	key := f.Function + "\x00" + f.File
	if fn, ok := w.functions[key]; ok {
		return fn
	}
	fn := &profile.Function{ID: uint64(len(w.p.Function) + 1), Name: f.Function, SystemName: f.Function, Filename: f.File}
	w.functions[key] = fn
	w.p.Function = append(w.p.Function, fn)
	return fn
}
