package store

import (
	"encoding/binary"
	"errors"
	"math"
)

// scale maps values to integers: value = k·m, or k/m if inverse is set. With an
// inverse, every decimal is restored as the float nearest to it. The zero scale
// means that the values are stored as floats.
type scale struct {
	m       uint64
	inverse bool
}

// maxInt bounds the integers of a scale, so that a value survives any number of
// conversions.
const maxInt = 1 << 50

// maxRounding is the maximum distance of a value from a whole multiple of its
// quantum, in quanta: in floating point, 3·0.1 is not 0.3.
const maxRounding = 1e-6

// fallbackScales are tried if the scale of the metric does not fit: integers and
// decimals.
var fallbackScales = []scale{{m: 1}, {m: 1e3, inverse: true}, {m: 1e6, inverse: true}, {m: 1e9, inverse: true}}

// scaleOf returns the scale of a metric's quantum, or the zero scale if neither the
// quantum nor its inverse is a whole number.
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

// ints maps values to integers. It returns false if a value is too large or not a
// whole multiple, either exactly or up to floating-point rounding.
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
		if s.value(out[i]) != v && (exact || math.Abs(q-k) > maxRounding+math.Abs(k)*0x1p-51) {
			return nil, false
		}
	}
	return out, true
}

// appendValues appends finite or infinite values: as integers of the metric's scale,
// else of a lossless fallback scale, else as floats.
func appendValues(dst []byte, values []float64, s scale) []byte {
	if s.m != 0 {
		if k, ok := s.ints(values, false); ok {
			return appendInts(appendScale(dst, s), k)
		}
	}
	for _, s := range fallbackScales {
		if k, ok := s.ints(values, true); ok {
			return appendInts(appendScale(dst, s), k)
		}
	}
	return appendFloats(appendScale(dst, scale{}), values)
}

// appendScale appends m, with inverse as the lowest bit.
func appendScale(dst []byte, s scale) []byte {
	v := s.m << 1
	if s.inverse {
		v |= 1
	}
	return binary.AppendUvarint(dst, v)
}

// values decodes n values from all of b.
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
		return nil, errors.New("unexpected bytes after the values")
	}
	out := make([]float64, n)
	for i, k := range k {
		out[i] = s.value(k)
	}
	return out, nil
}
