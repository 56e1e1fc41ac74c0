package detect

import (
	"math"
	"slices"
	"sort"
	"time"

	"soakmon/soak"
)

const (
	maxBuckets = 4096             // size of a reduced series
	maxBreaks  = 256              // restarts kept; what is older than the oldest of them is dropped
	finest     = time.Second / 64 // width of a bucket at the start, finer than any probe samples
	huge       = 1e120            // larger values are cut off, so that their squares stay finite
)

// Reducer keeps a series of any length in at most 4,096 buckets. A bucket is
// an interval of time aligned to the run's start; when the set is full the
// intervals double and neighbours merge, so memory and resolution depend on
// the run's length only. Sums are kept, so merging loses nothing: the same
// samples give the same buckets whether they come live or from a file.
type Reducer struct {
	id      soak.SeriesID
	metric  soak.Metric
	width   time.Duration
	buckets []bucket
	breaks  []time.Duration
	segment int
}

type bucket struct {
	first, last   time.Duration
	sum, min, max float64
	n             uint32
	segment       int
}

// NewReducer returns an empty reducer of a series.
func NewReducer(id soak.SeriesID, m soak.Metric) *Reducer {
	return &Reducer{id: id, metric: m, width: finest}
}

// Add adds one sample. NaN and infinities are not measurements and are left out,
// as is a sample that is older than the newest one.
func (r *Reducer) Add(at time.Duration, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	v = max(-huge, min(huge, v))
	if len(r.buckets) > 0 {
		b := &r.buckets[len(r.buckets)-1]
		if at < b.last {
			return
		}
		if b.segment == r.segment && r.index(b.first) == r.index(at) {
			b.add(at, v)
			return
		}
	}
	r.append(bucket{at, at, v, v, v, 1, r.segment})
}

// addBucket adds a bucket of a series that was reduced before.
func (r *Reducer) addBucket(s soak.Series, i int) {
	if n := float64(s.N[i]); n > 0 {
		b := bucket{s.At[i], s.At[i], n * s.Value[i], s.Min[i], s.Max[i], s.N[i], r.segment}
		if n > 2 {
			b.sum = (n-2)*s.Value[i] + b.min + b.max
		}
		r.append(b)
	}
}

func (r *Reducer) append(b bucket) {
	r.buckets = append(r.buckets, b)
	for len(r.buckets) > maxBuckets {
		r.halve()
	}
}

// Break marks a restart: no trend is carried across this time.
func (r *Reducer) Break(at time.Duration) {
	r.segment++
	r.breaks = append(r.breaks, at)
	if len(r.breaks) <= maxBreaks {
		return
	}
	oldest := r.segment - maxBreaks
	r.buckets = slices.DeleteFunc(r.buckets, func(b bucket) bool { return b.segment < oldest })
	r.breaks = slices.Delete(r.breaks, 0, 1)
}

// Series returns the reduced series: a bucket's value is its mean without its
// lowest and highest sample, its time the middle of its samples.
func (r *Reducer) Series() soak.Series {
	n := len(r.buckets)
	s := soak.Series{
		ID: r.id, Metric: r.metric,
		At: make([]time.Duration, n), Value: make([]float64, n),
		Min: make([]float64, n), Max: make([]float64, n), N: make([]uint32, n),
		Breaks: slices.Clone(r.breaks),
	}
	for i, b := range r.buckets {
		s.At[i] = b.first + (b.last-b.first)/2
		s.Value[i], s.Min[i], s.Max[i], s.N[i] = b.middle(), b.min, b.max, b.n
	}
	return s
}

// Reduce reduces a raw series to the same buckets as a Reducer that received it
// live. A series that is already reduced is returned unchanged.
func Reduce(s soak.Series) soak.Series {
	if s.N != nil {
		return s
	}
	n := min(len(s.At), len(s.Value))
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if !slices.IsSorted(s.At[:n]) {
		sort.SliceStable(order, func(a, b int) bool { return s.At[order[a]] < s.At[order[b]] })
	}
	breaks := slices.Sorted(slices.Values(s.Breaks))
	r := NewReducer(s.ID, s.Metric)
	for _, i := range order {
		for len(breaks) > 0 && breaks[0] <= s.At[i] {
			r.Break(breaks[0])
			breaks = breaks[1:]
		}
		r.Add(s.At[i], s.Value[i])
	}
	return r.Series()
}

func (r *Reducer) index(at time.Duration) time.Duration { return at / r.width }

// halve doubles the width of the buckets and merges those that now share one.
func (r *Reducer) halve() {
	r.width *= 2
	kept := r.buckets[:1]
	for _, b := range r.buckets[1:] {
		last := &kept[len(kept)-1]
		if last.segment == b.segment && r.index(last.first) == r.index(b.first) {
			last.merge(b)
		} else {
			kept = append(kept, b)
		}
	}
	r.buckets = kept
}

func (b *bucket) add(at time.Duration, v float64) {
	b.merge(bucket{at, at, v, v, v, 1, b.segment})
}

func (b *bucket) merge(o bucket) {
	b.last = o.last
	b.sum += o.sum
	b.min = min(b.min, o.min)
	b.max = max(b.max, o.max)
	b.n += o.n
}

func (b *bucket) middle() float64 {
	if b.n < 3 {
		return b.sum / float64(b.n)
	}
	return min(b.max, max(b.min, (b.sum-b.min-b.max)/float64(b.n-2)))
}
