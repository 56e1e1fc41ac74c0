package store

import (
	"errors"
	"math"
	"math/bits"
)

// appendFloats appends v losslessly by XOR with the previous value, as in Gorilla (Pelkonen et al., "Gorilla: a fast, scalable, in-memory time series
// database", VLDB 2015, section 4.1.2). The decoder needs len(v).
func appendFloats(dst []byte, v []float64) []byte {
	w := bitWriter{b: dst}
	var before uint64
	lead, length := uint(0), uint(0) // of the meaningful bits; length 0: none yet
	for _, f := range v {
		x := math.Float64bits(f) ^ before
		before ^= x
		if x == 0 {
			w.put(0, 1)
			continue
		}
		w.put(1, 1)
		l, t := min(uint(bits.LeadingZeros64(x)), 31), uint(bits.TrailingZeros64(x))
		if length > 0 && l >= lead && t >= 64-lead-length {
			w.put(0, 1)
		} else {
			lead, length = l, 64-l-t
			w.put(1, 1)
			w.put(uint64(lead), 5)
			w.put(uint64(length-1), 6)
		}
		w.put(x>>(64-lead-length), length)
	}
	return w.bytes()
}

// floats decodes n values from all of b.
func floats(b []byte, n int) ([]float64, error) {
	if n > len(b)*8 {
		return nil, errShort
	}
	r := bitReader{b: b}
	out := make([]float64, n)
	var before uint64
	var lead, length uint
	for i := range out {
		if r.get(1) == 1 {
			if r.get(1) == 1 {
				lead, length = uint(r.get(5)), uint(r.get(6))+1
			}
			if lead+length > 64 {
				return nil, errors.New("invalid length of a float: over 64 bits")
			}
			before ^= r.get(length) << (64 - lead - length)
		}
		out[i] = math.Float64frombits(before)
	}
	if r.short {
		return nil, errShort
	}
	return out, nil
}
