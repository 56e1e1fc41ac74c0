package chart

import (
	"math"
	"time"
)

// Grid is a stretch of a run's line cut into N buckets: bucket k is about
// From + k·Width and reaches half a width to either side.
type Grid struct {
	From  time.Duration
	Width time.Duration
	N     int
}

// fewest buckets that a grid can be asked for.
const fewest = 4

// Fit cuts the stretch between two times into at most so many buckets, none
// narrower than the interval between two samples.
func Fit(from, to, interval time.Duration, most int) Grid {
	interval, most = max(interval, time.Millisecond), max(most, fewest)
	from, to = max(from, 0), max(to, from, 0)
	room := time.Duration(most-2) * interval // the first and the last may be cut
	g := Grid{Width: interval * max(1, (to-from+room-1)/room)}
	first, last := from/g.Width, (to+g.Width/2)/g.Width
	g.From, g.N = first*g.Width, int(last-first)+1
	return g
}

// At is the middle of bucket k.
func (g Grid) At(k int) time.Duration { return g.From + time.Duration(k)*g.Width }

// Window is the stretch that the buckets cover, both ends included.
func (g Grid) Window() (from, to time.Duration) {
	return g.From - g.Width/2, g.At(g.N-1) + (g.Width-1)/2
}

// bucket is the number of the bucket that a time falls into; it may lie outside.
func (g Grid) bucket(at time.Duration) int {
	return int(math.Floor(float64(at-g.From+g.Width/2) / float64(g.Width)))
}

// Bucket is what is kept of the samples in it.
type Bucket struct {
	Mean, Min, Max float64
	N              int // measured
	Missing        int // due, and not measured
}

// Reducer takes in a series, oldest point first, and keeps its buckets. It has
// the size of its grid, however many points there are.
type Reducer struct {
	grid    Grid
	buckets []Bucket
	rate    bool // keep what a counter does a second, not where it stands
	before  time.Duration
	last    float64
}

// NewReducer makes an empty one; of a counter it can keep the rate per second.
func NewReducer(g Grid, rate bool) *Reducer {
	return &Reducer{grid: g, buckets: make([]Bucket, g.N), rate: rate, last: math.NaN()}
}

// Add takes in points; NaN is one that was due and not measured.
func (r *Reducer) Add(at []time.Duration, value []float64) {
	for i, v := range value {
		if r.rate {
			v = r.perSecond(at[i], v)
		}
		if k := r.grid.bucket(at[i]); k >= 0 && k < r.grid.N {
			r.buckets[k].add(v)
		}
	}
}

// perSecond is the counter's rate since the point before, NaN where there is
// none: at the first point, and where the counter began again.
func (r *Reducer) perSecond(at time.Duration, v float64) float64 {
	rate := (v - r.last) / (at - r.before).Seconds()
	r.before, r.last = at, v
	if rate < 0 || math.IsInf(rate, 0) {
		return math.NaN()
	}
	return rate
}

func (b *Bucket) add(v float64) {
	switch {
	case math.IsNaN(v):
		b.Missing++
		return
	case b.N == 0:
		b.Min, b.Max = v, v
	default:
		b.Min, b.Max = min(b.Min, v), max(b.Max, v)
	}
	b.N++
	b.Mean += (v - b.Mean) / float64(b.N)
}

// Buckets gives what was kept. A hole of several times the usual distance
// between points is marked as missing, so that no line is drawn across it.
func (r *Reducer) Buckets() []Bucket {
	usual := usualDistance(r.buckets)
	last := -1
	for k, b := range r.buckets {
		if b.N+b.Missing == 0 {
			continue
		}
		if last >= 0 && float64(k-last) > holeFrom*usual {
			r.buckets[last+1].Missing = 1
		}
		last = k
	}
	return r.buckets
}

// holeFrom is how many usual distances without a point are a hole.
const holeFrom = 2.5

// usualDistance is the mean number of buckets from one that has points to the
// next, the widest tenth left out.
func usualDistance(buckets []Bucket) float64 {
	var distances []int
	last := -1
	for k, b := range buckets {
		if b.N+b.Missing == 0 {
			continue
		}
		if last >= 0 {
			distances = append(distances, k-last)
		}
		last = k
	}
	return trimmedMean(distances)
}
