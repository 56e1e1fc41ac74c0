package judge

import (
	"math"
	"slices"

	"soakmon/soak"
)

// afterCollections reports whether a metric is what a garbage collection left. A
// reading of it stays the same until the next collection.
func afterCollections(metric string) bool {
	return metric == "go_heap_live_bytes" || metric == "heap_after_gc_bytes"
}

// readings are the independent readings of a series. Of a heap after a collection
// it is the first after each: those until the next repeat it, and as samples of their
// own they would show a level that nobody measured. A collection is known by its
// counter, or, where there is none, by another value.
func (a *asker) readings(s soak.Series) soak.Series {
	if !afterCollections(s.ID.Metric) {
		return s
	}
	collections := s
	if id := s.ID.With("go_gc_cycles_total"); slices.Contains(a.names, id) {
		if counter, err := a.history.Series(id); err == nil && len(counter.At) > 0 {
			collections = counter
		}
	}
	return firstOfEach(s, collections)
}

// firstOfEach keeps the values of a series that are the first since a counter changed.
// A bucket of a reduced series is kept if the counter changed within or before it. A
// value at a time at which the counter was not read is left out.
func firstOfEach(s, counter soak.Series) soak.Series {
	out := s
	out.At, out.Value, out.Min, out.Max, out.N = nil, nil, nil, nil, nil
	before, c := math.NaN(), 0
	for i, at := range s.At {
		for c < len(counter.At) && counter.At[c] < at {
			c++
		}
		if c == len(counter.At) || counter.At[c] != at || math.IsNaN(s.Value[i]) {
			continue
		}
		low, now := counter.Value[c], counter.Value[c]
		if counter.N != nil {
			low, now = counter.Min[c], counter.Max[c]
		}
		if low == before && now == before {
			continue
		}
		before = now
		out.At, out.Value = append(out.At, at), append(out.Value, s.Value[i])
		if s.N != nil {
			out.Min, out.Max, out.N = append(out.Min, s.Min[i]), append(out.Max, s.Max[i]), append(out.N, s.N[i])
		}
	}
	return out
}
