package load

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Payloads are deterministic and never built byte by byte: a payload is a row
// of chunks, each a header that occurs once and a window of one random
// template, so that a lost, doubled, moved or changed byte shows, and so does a
// byte of another session or operation. Checking is a comparison of memory.
//
//	header, 32 bytes, little endian:
//	    0  key    of session and operation; its first byte is below 0x80
//	    8  index  of the chunk in the payload
//	   16  magic
//	   24  left   bytes of the payload from this chunk on
//	then template[offset(key, index%period):]
//
// A payload shorter than a header is the beginning of one.
const (
	chunkSize  = 64 << 10
	headerSize = 32
	period     = 4 // chunks after which the windows repeat, so that a buffer of that many is filled once per transfer
	bufferSize = period * chunkSize

	contentMagic = 0x796f_6c70_6b61_6f73
)

var template = func() []byte {
	b := make([]byte, 2*chunkSize)
	_, _ = rand.NewChaCha8([32]byte{'s', 'o', 'a', 'k'}).Read(b)
	return b
}()

// Content is the payload of one operation in one direction.
type Content struct {
	key  uint64
	size int64
}

// NewContent is the payload of size bytes of operation n of a session. Different
// sessions and operations have different contents.
func NewContent(session, n uint64, size int64) Content {
	return Content{mix(mix(session)^n) &^ 0x80, size}
}

// reply is the content that goes the other way in the same operation.
func (c Content) reply() Content { return Content{mix(c.key) &^ 0x80, c.size} }

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// window is the part of the template that chunk i shows, header's place included.
func (c Content) window(i int64) []byte {
	return template[mix(c.key+uint64(i%period))%chunkSize:]
}

func (c Content) header(i int64) (h [headerSize]byte) {
	binary.LittleEndian.PutUint64(h[0:], c.key)
	binary.LittleEndian.PutUint64(h[8:], uint64(i))
	binary.LittleEndian.PutUint64(h[16:], contentMagic)
	binary.LittleEndian.PutUint64(h[24:], uint64(c.size-i*chunkSize))
	return h
}

// fill writes chunk i and those after it to p, as many as fit, and returns the
// number of bytes: a multiple of chunkSize, or all to the end.
func (c Content) fill(p []byte, i int64) int {
	filled := 0
	for ; filled < len(p); i++ {
		size := int(min(c.size-i*chunkSize, chunkSize, int64(len(p)-filled)))
		if size <= 0 {
			break
		}
		copy(p[filled:filled+size], c.window(i))
		filled += size
	}
	c.stamp(p[:filled], i-int64((filled+chunkSize-1)/chunkSize))
	return filled
}

// stamp writes the headers of chunk i and those after it to p.
func (c Content) stamp(p []byte, i int64) {
	for ; len(p) > 0; i++ {
		h := c.header(i)
		copy(p, h[:])
		p = p[min(chunkSize, len(p)):]
	}
}

// equal reports whether p is chunk i and those after it, up to its length.
func (c Content) equal(p []byte, i int64) bool {
	for ; len(p) > 0; i++ {
		h := c.header(i)
		size := min(chunkSize, len(p))
		head := min(headerSize, size)
		if !bytes.Equal(p[:head], h[:head]) || !bytes.Equal(p[head:size], c.window(i)[head:size]) {
			return false
		}
		p = p[size:]
	}
	return true
}

// send writes the content to w through buf, which is a multiple of chunkSize or
// holds all of it. It returns the bytes written.
func (c Content) send(w io.Writer, buf []byte) (sent int64, err error) {
	for sent < c.size {
		part := buf[:min(int64(len(buf)), c.size-sent)]
		if sent > 0 && len(buf) == bufferSize {
			c.stamp(part, sent/chunkSize) // the windows are there from the round before
		} else {
			c.fill(part, sent/chunkSize)
		}
		n, err := w.Write(part)
		sent += int64(n)
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// Receive reads the content from r through buf, a multiple of 64 KiB or all of
// its size, and verifies it. It returns the bytes read.
func (c Content) Receive(r io.Reader, buf []byte) (received int64, err error) {
	for received < c.size {
		part := buf[:min(int64(len(buf)), c.size-received)]
		n, err := io.ReadFull(r, part)
		if err == nil && !c.equal(part, received/chunkSize) {
			err = mismatch("received bytes %d to %d of %d are not those that were sent", received, received+int64(n), c.size)
		}
		received += int64(n)
		if err != nil {
			return received, err
		}
	}
	return received, nil
}

// Reader gives the content to read. buf is as for Receive; it is in use until
// the content is read.
func (c Content) Reader(buf []byte) io.Reader { return &contentReader{content: c, buf: buf} }

type contentReader struct {
	content Content
	buf     []byte
	ready   []byte // filled and not yet read
	filled  int64
}

func (r *contentReader) Read(p []byte) (int, error) {
	if len(r.ready) == 0 {
		n := r.content.fill(r.buf[:min(int64(len(r.buf)), r.content.size-r.filled)], r.filled/chunkSize)
		if n == 0 {
			return 0, io.EOF
		}
		r.ready = r.buf[:n]
		r.filled += int64(n)
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}
