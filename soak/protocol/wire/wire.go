// Package wire is what the formats of several protocols have in common: fields
// that are taken off the front of a message, and a pad that hides a packet.
package wire

import (
	"crypto/subtle"
	"encoding/binary"
	"io"
)

// Reader takes fields off the front of Rest until one is not there: then Err is
// io.ErrUnexpectedEOF, and all fields are zero from there on. Numbers are big
// endian.
type Reader struct {
	Rest []byte
	Err  error
}

// Take takes n bytes, a part of Rest; nil where they are not there.
func (r *Reader) Take(n int) []byte {
	if r.Err == nil && len(r.Rest) < n {
		r.Err = io.ErrUnexpectedEOF
	}
	if r.Err != nil {
		return nil
	}
	field := r.Rest[:n]
	r.Rest = r.Rest[n:]
	return field
}

// Uint8 takes a byte.
func (r *Reader) Uint8() uint8 {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 takes two bytes.
func (r *Reader) Uint16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 takes four bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 takes eight bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// XOR writes in XOR hash, repeated, to out, which is as long as in.
func XOR(out, in []byte, hash [32]byte) {
	var pad [16 * len(hash)]byte // XORBytes likes long ones
	for i := 0; i < len(pad); i += len(hash) {
		copy(pad[i:], hash[:])
	}
	for n := 0; n < len(in); n += len(pad) {
		subtle.XORBytes(out[n:], in[n:], pad[:])
	}
}
