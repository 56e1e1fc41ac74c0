package store

import (
	"encoding/binary"
	"errors"
	"math"
)

// scale maps values to integers: value = k·m, or k/m where inverse is set. With
// an inverse every decimal comes back as the float nearest to it. The zero scale
// stands for none: the values are floats.
type scale struct {
	m       uint64
	inverse bool
}

// maxInt bounds the integers of a scale, so that a value survives the way there
// and back however often it is taken.
const maxInt = 1 << 50

// nearly is how far from a whole multiple of its quantum a value may be, in
// quanta: as a float 3·0.1 is not 0.3.
const nearly = 1e-6

// usual are the scales tried where a metric names none that fits: whole numbers
// and decimals.
var usual = []scale{{m: 1}, {m: 1e3, inverse: true}, {m: 1e6, inverse: true}, {m: 1e9, inverse: true}}

// scaleOf returns the scale of a metric's quantum, or none where neither it nor
// its inverse is a whole number.
func scaleOf(quantum float64) scale {
	whole := func(f float64) bool {
		return f >= 1 && f <= maxInt && math.Abs(f-math.Round(f)) <= f*1e-12
	}
	switch {
	case whole(quantum):
		return scale{m: uint64(math.Round(quantum))}
	case whole(1 / quantum):
		return scale{m: uint64(math.Round(1 / quantum)), inverse: true}
	}
	return scale{}
}

// value is the value of k.
func (s scale) value(k int64) float64 {
	if s.inverse {
		return float64(k) / float64(s.m)
	}
	return float64(k) * float64(s.m)
}

// ints maps values to integers. It is false where a value is too large or no
// whole multiple: exactly, or but for the rounding of arithmetic with floats.
func (s scale) ints(values []float64, exact bool) ([]int64, bool) {
	out := make([]int64, len(values))
	for i, v := range values {
		q := v / float64(s.m)
		if s.inverse {
			q = v * float64(s.m)
		}
		k := math.Round(q)
		if !(math.Abs(k) <= maxInt) {
			return nil, false
		}
		out[i] = int64(k)
		if s.value(out[i]) != v && (exact || math.Abs(q-k) > nearly+math.Abs(k)*0x1p-51) {
			return nil, false
		}
	}
	return out, true
}

// appendValues appends finite or infinite values: as integers of the metric's
// scale, else of a usual scale that loses nothing, else as floats.
func appendValues(dst []byte, values []float64, s scale) []byte {
	if s.m != 0 {
		if k, ok := s.ints(values, false); ok {
			return appendInts(appendScale(dst, s), k)
		}
	}
	for _, s := range usual {
		if k, ok := s.ints(values, true); ok {
			return appendInts(appendScale(dst, s), k)
		}
	}
	return appendFloats(appendScale(dst, scale{}), values)
}

// appendScale appends m, with the lowest bit for the inverse.
func appendScale(dst []byte, s scale) []byte {
	v := s.m << 1
	if s.inverse {
		v |= 1
	}
	return binary.AppendUvarint(dst, v)
}

// values reads n values; b holds nothing else.
func values(b []byte, n int) ([]float64, error) {
	v, b, err := cutUvarint(b)
	if err != nil {
		return nil, err
	}
	s := scale{m: v >> 1, inverse: v&1 == 1}
	if s.m == 0 {
		return floats(b, n)
	}
	k, rest, err := cutInts(b, n)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errors.New("bytes left over after the values")
	}
	out := make([]float64, n)
	for i, k := range k {
		out[i] = s.value(k)
	}
	return out, nil
}
