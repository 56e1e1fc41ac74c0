package chart

import (
	"math"
	"time"
)

// Grid divides a time range of a run into N buckets: bucket k is centered at
// From + k·Width and extends half a width to either side.
type Grid struct {
	From  time.Duration
	Width time.Duration
	N     int
}

// minBuckets is the minimum of Fit's n.
const minBuckets = 4

// Fit divides the range between two times into at most n buckets, none narrower
// than the interval between two samples.
func Fit(from, to, interval time.Duration, n int) Grid {
	interval, n = max(interval, time.Millisecond), max(n, minBuckets)
	from, to = max(from, 0), max(to, from, 0)
	room := time.Duration(n-2) * interval // the first and the last bucket may extend beyond the range
	g := Grid{Width: interval * max(1, (to-from+room-1)/room)}
	first, last := from/g.Width, (to+g.Width/2)/g.Width
	g.From, g.N = first*g.Width, int(last-first)+1
	return g
}

// At returns the center of bucket k.
func (g Grid) At(k int) time.Duration { return g.From + time.Duration(k)*g.Width }

// Window returns the range that the buckets cover, both ends included.
func (g Grid) Window() (from, to time.Duration) {
	return g.From - g.Width/2, g.At(g.N-1) + (g.Width-1)/2
}

// bucket returns the number of the bucket that contains a time; it may be outside
// the grid.
func (g Grid) bucket(at time.Duration) int {
	return int(math.Floor(float64(at-g.From+g.Width/2) / float64(g.Width)))
}

// Bucket summarizes the samples in it.
type Bucket struct {
	Mean, Min, Max float64
	N              int // number of samples measured
	Missing        int // number of samples due and not measured
}

// Reducer reduces a series, oldest point first, to the buckets of a grid. Its size
// is that of the grid and does not depend on the number of points.
type Reducer struct {
	grid    Grid
	buckets []Bucket
	rate    bool          // reduce the rate per second of a counter, not its value
	lastAt  time.Duration // of the last point
	last    float64       // value of the last point
}

// NewReducer returns an empty reducer of a series, or of the rate per second of a
// counter.
func NewReducer(g Grid, rate bool) *Reducer {
	return &Reducer{grid: g, buckets: make([]Bucket, g.N), rate: rate, last: math.NaN()}
}

// Add adds points; the value of a point that was due and not measured is NaN.
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

// perSecond returns the counter's rate since the previous point, or NaN at the
// first point and when the counter was reset.
func (r *Reducer) perSecond(at time.Duration, v float64) float64 {
	rate := (v - r.last) / (at - r.lastAt).Seconds()
	r.lastAt, r.last = at, v
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

// Buckets returns the buckets. A gap of several times the usual distance between
// points is marked as missing, so that no line is drawn across it.
func (r *Reducer) Buckets() []Bucket {
	usual := usualDistance(r.buckets)
	last := -1
	for k, b := range r.buckets {
		if b.N+b.Missing == 0 {
			continue
		}
		if last >= 0 && float64(k-last) > minGap*usual {
			r.buckets[last+1].Missing = 1
		}
		last = k
	}
	return r.buckets
}

// minGap is the length of a gap in usual distances.
const minGap = 2.5

// usualDistance returns the mean number of buckets from one with points to the
// next, without the largest tenth.
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
