package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Integers are encoded as patched frames of reference: a block of up to 128 values
// consists of a base, the greatest common divisor of the distances from it, a width
// in bits and the distances in that width. The few values outside this range, on
// either side, are exceptions, stored with their position and distance. (Zukowski et
// al., "Super-Scalar RAM-CPU Cache Compression", ICDE 2006; Lemire and Boytsov,
// "Decoding billions of integers per second through vectorization", 2015.)
// The divisor is our addition: memory comes in pages, and a number read from an HDR
// histogram has trailing bits that never change.
//
// The values, their differences or the differences of these are encoded, whichever
// is smallest. All arithmetic is modulo 2⁶⁴, so no value overflows.

const (
	blockLen     = 128  // values in a block; positions fit into 7 bits
	maxOrder     = 2    // of differences
	hasException = 0x80 // flag in the byte of a block's width
)

// appendInts appends v to dst. The decoder needs len(v).
func appendInts(dst []byte, v []int64) []byte {
	start := len(dst)
	dst = appendOrder(dst, v, 0)
	r := slices.Clone(v)
	var try []byte
	for order := 1; order <= maxOrder && order < len(v); order++ {
		for i := len(r) - 1; i >= order; i-- {
			r[i] -= r[i-1]
		}
		try = appendOrder(try[:0], r, order)
		if len(try) < len(dst)-start {
			dst = append(dst[:start], try...)
		}
	}
	return dst
}

// appendOrder appends r: differences of the given order, preceded by the first
// values that this order needs.
func appendOrder(dst []byte, r []int64, order int) []byte {
	dst = append(dst, byte(order))
	for _, v := range r[:order] {
		dst = binary.AppendVarint(dst, v)
	}
	for block := range slices.Chunk(r[order:], blockLen) {
		dst = appendBlock(dst, block)
	}
	return dst
}

// cutInts reads n integers off the front of b.
func cutInts(b []byte, n int) ([]int64, []byte, error) {
	if len(b) == 0 {
		return nil, nil, errShort
	}
	order := int(b[0])
	b = b[1:]
	if order > maxOrder || order > n {
		return nil, nil, fmt.Errorf("invalid order of differences: %d for %d values", order, n)
	}
	out := make([]int64, n)
	var err error
	for i := range order {
		if out[i], b, err = cutVarint(b); err != nil {
			return nil, nil, err
		}
	}
	for i := order; i < n; i += blockLen {
		if b, err = cutBlock(b, out[i:min(i+blockLen, n)]); err != nil {
			return nil, nil, err
		}
	}
	for ; order > 0; order-- {
		for i := order; i < n; i++ {
			out[i] += out[i-1]
		}
	}
	return out, b, nil
}

// appendBlock appends one block.
func appendBlock(dst []byte, block []int64) []byte {
	f := fit(block)
	head := byte(f.width)
	if f.outside > 0 {
		head |= hasException
	}
	dst = binary.AppendVarint(append(dst, head), f.low+int64(f.from*f.step))
	if head != 0 {
		dst = binary.AppendUvarint(dst, f.step)
	}
	w := bitWriter{b: dst}
	for _, v := range block {
		if d := f.distance(v); f.holds(d) {
			w.put(d, f.width)
		} else {
			w.put(0, f.width)
		}
	}
	dst = w.bytes()
	if f.outside > 0 {
		dst = append(dst, byte(f.outside))
	}
	for i, v := range block {
		if d := f.distance(v); !f.holds(d) {
			dst = binary.AppendVarint(append(dst, byte(i)), int64(d))
		}
	}
	return dst
}

// cutBlock fills out from the block at the front of b.
func cutBlock(b []byte, out []int64) ([]byte, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	head, width := b[0], uint(b[0]&^hasException)
	if width > 64 {
		return nil, fmt.Errorf("invalid width of a block: %d bits", width)
	}
	base, b, err := cutVarint(b[1:])
	if err != nil {
		return nil, err
	}
	step := uint64(1)
	if head != 0 {
		if step, b, err = cutUvarint(b); err != nil {
			return nil, err
		}
	}
	packed, b, err := cut(b, (uint64(len(out))*uint64(width)+7)/8)
	if err != nil {
		return nil, err
	}
	r := bitReader{b: packed}
	for i := range out {
		out[i] = base + int64(r.get(width)*step)
	}
	if head&hasException != 0 {
		return patch(b, out, base, step)
	}
	return b, nil
}

// patch sets the exceptions of a block.
func patch(b []byte, out []int64, base int64, step uint64) ([]byte, error) {
	if len(b) == 0 {
		return nil, errShort
	}
	n := int(b[0])
	b = b[1:]
	for range n {
		if len(b) == 0 {
			return nil, errShort
		}
		i := int(b[0])
		if i >= len(out) {
			return nil, fmt.Errorf("invalid position of an exception: %d in a block of %d", i, len(out))
		}
		d, rest, err := cutVarint(b[1:])
		if err != nil {
			return nil, err
		}
		out[i], b = base+d*int64(step), rest
	}
	return b, nil
}

// frame describes the encoding of a block: a value is low + (from + d)·step, and its
// distance d fits into width bits unless the value is an exception.
type frame struct {
	low     int64
	step    uint64
	from    uint64
	width   uint
	outside int // number of exceptions
}

// distance of a value, modulo 2⁶⁴.
func (f frame) distance(v int64) uint64 { return uint64(v-f.low)/f.step - f.from }

// holds reports whether a distance fits into the width.
func (f frame) holds(d uint64) bool { return f.width == 64 || d>>f.width == 0 }

// fit finds the frame that encodes a block in the fewest bits: for every width it
// considers the window that contains the most values. Cost: O(n log n + n·width).
func fit(block []int64) frame {
	const sign = 1 << 63 // flipped, so that signed numbers sort correctly as unsigned ones
	d := make([]uint64, len(block))
	for i, v := range block {
		d[i] = uint64(v) ^ sign
	}
	slices.Sort(d)
	least, common := d[0], uint64(0)
	for i := range d {
		d[i] -= least
		common = gcd(common, d[i])
	}
	f := frame{low: int64(least ^ sign), step: 1}
	if common == 0 {
		return f
	}
	f.step = common
	for i := range d {
		d[i] /= common
	}
	full := uint(bits.Len64(d[len(d)-1]))
	exception := 8 + 8*(int(full)/7+1)
	cheapest := math.MaxInt
	for width := uint(0); width <= full; width++ {
		from, inside := fullest(d, width)
		outside := len(d) - inside
		if cost := len(d)*int(width) + outside*exception; cost < cheapest {
			cheapest, f.from, f.width, f.outside = cost, from, width, outside
		}
	}
	return f
}

// fullest returns the start of the window of size 2^width that contains the most of
// the sorted distances d, and their number.
func fullest(d []uint64, width uint) (from uint64, inside int) {
	first := 0
	for last := range d {
		for width < 64 && (d[last]-d[first])>>width != 0 {
			first++
		}
		if n := last - first + 1; n > inside {
			from, inside = d[first], n
		}
	}
	return from, inside
}

// gcd is Euclid's greatest common divisor; gcd(0, b) is b.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
