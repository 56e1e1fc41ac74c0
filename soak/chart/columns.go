package chart

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// trimmedMean returns the mean without the largest tenth, or 1 if n is empty.
func trimmedMean(n []int) float64 {
	slices.Sort(n)
	n = n[:len(n)-len(n)/10]
	if len(n) == 0 {
		return 1
	}
	sum := 0
	for _, v := range n {
		sum += v
	}
	return float64(sum) / float64(len(n))
}

// The numbers in a [Column] that are not values.
const (
	absent  = -1 // no point was due in the bucket: the line continues across it
	missing = -2 // a point was due and not measured: the line is interrupted
)

// Column is one value per bucket, as a number of steps above a base. A step is at
// most 1/4000 of the range and 1, 2 or 5 times a power of ten, so that counts stay
// exact and the JSON is short.
type Column []int32

// MarshalJSON writes the numbers.
func (c Column) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 4*len(c)+2)
	out = append(out, '[')
	for i, v := range c {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(out, int64(v), 10)
	}
	return append(out, ']'), nil
}

var _ json.Marshaler = Column{}

// Curve is one series in the buckets of a grid: value = base + step·number.
// Min and Max are left out where they equal Mean throughout.
type Curve struct {
	Base float64 `json:"base"`
	Step float64 `json:"step"`
	Mean Column  `json:"mean"`
	Min  Column  `json:"min,omitempty"`
	Max  Column  `json:"max,omitempty"`
}

// levels is the minimum number of steps in the range of a curve.
const levels = 4000

// curve encodes buckets.
func curve(buckets []Bucket) Curve {
	lo, hi, single := math.Inf(1), math.Inf(-1), true
	for _, b := range buckets {
		if b.N > 0 {
			lo, hi = min(lo, b.Min), max(hi, b.Max)
			single = single && b.Min == b.Max
		}
	}
	c := Curve{Step: 1}
	if lo <= hi {
		c.Step = stepOf(lo, hi)
		c.Base = c.Step * math.Floor(lo/c.Step)
	}
	c.Mean = c.column(buckets, func(b Bucket) float64 { return b.Mean })
	if !single {
		c.Min = c.column(buckets, func(b Bucket) float64 { return b.Min })
		c.Max = c.column(buckets, func(b Bucket) float64 { return b.Max })
	}
	return c
}

func (c Curve) column(buckets []Bucket, of func(Bucket) float64) Column {
	out := make(Column, len(buckets))
	for i, b := range buckets {
		switch {
		case b.N > 0:
			out[i] = int32(math.Round((of(b) - c.Base) / c.Step))
		case b.Missing > 0:
			out[i] = missing
		default:
			out[i] = absent
		}
	}
	return out
}

// stepOf returns the largest of 1, 2 and 5 times a power of ten that divides the
// range into enough levels; for a flat series, a step of about its last digit.
func stepOf(lo, hi float64) float64 {
	want := (hi - lo) / levels
	if smallest := math.Max(math.Abs(lo), math.Abs(hi)) * 1e-9; want < smallest {
		want = smallest
	}
	if want == 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(want)))
	for _, m := range []float64{5, 2} {
		if m*power <= want {
			return m * power
		}
	}
	return power
}
