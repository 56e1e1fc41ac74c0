package store

import (
	"encoding/binary"
	"errors"
)

// errShort reports that encoded data is truncated.
var errShort = errors.New("encoded data is truncated")

// bitWriter appends numbers of any width to a slice of bytes, least
// significant bit first.
type bitWriter struct {
	b    []byte
	acc  uint64 // bits not yet in b
	fill uint   // number of these bits, below 64
}

// put appends the low width bits of v, whose other bits must be zero.
func (w *bitWriter) put(v uint64, width uint) {
	w.acc |= v << w.fill
	if w.fill+width < 64 {
		w.fill += width
		return
	}
	w.b = binary.LittleEndian.AppendUint64(w.b, w.acc)
	w.acc = v >> (64 - w.fill) // a shift by 64 gives 0
	w.fill = w.fill + width - 64
}

// bytes pads the stream to a whole byte and returns it.
func (w *bitWriter) bytes() []byte {
	for i := uint(0); i < w.fill; i += 8 {
		w.b = append(w.b, byte(w.acc>>i))
	}
	w.acc, w.fill = 0, 0
	return w.b
}

// bitReader reads what a bitWriter wrote. Past the end it reads zeros and sets
// short.
type bitReader struct {
	b     []byte
	pos   uint // in bits
	short bool
}

// get reads a number of the given width, at most 64.
func (r *bitReader) get(width uint) uint64 {
	at, shift := r.pos>>3, r.pos&7
	r.pos += width
	if r.pos > uint(len(r.b))*8 {
		r.short = true
		return 0
	}
	var word [9]byte
	var v uint64
	if at+8 <= uint(len(r.b)) {
		v = binary.LittleEndian.Uint64(r.b[at:])
	} else {
		copy(word[:], r.b[at:])
		v = binary.LittleEndian.Uint64(word[:])
	}
	v >>= shift
	if shift+width > 64 {
		v |= uint64(r.b[at+8]) << (64 - shift)
	}
	return v & (1<<width - 1) // 1<<64 is 0, so the mask is all ones
}

// cutUvarint splits an unsigned LEB128 number off the front of b.
func cutUvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errShort
	}
	return v, b[n:], nil
}

// cutVarint splits a zigzag LEB128 number off the front of b.
func cutVarint(b []byte) (int64, []byte, error) {
	v, n := binary.Varint(b)
	if n <= 0 {
		return 0, nil, errShort
	}
	return v, b[n:], nil
}

// cut splits n bytes off the front of b.
func cut(b []byte, n uint64) (head, rest []byte, err error) {
	if n > uint64(len(b)) {
		return nil, nil, errShort
	}
	return b[:n], b[n:], nil
}
