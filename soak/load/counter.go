package load

import "encoding/binary"

// OperationCounter finds the operations in the bytes that a client sends to a
// [Destination], there or on the way: by the size in the header that a content
// begins with, or by the requests of a connection that was greeted. Where there
// is neither, each read counts as one. The zero value is ready.
type OperationCounter struct {
	left int64            // bytes of the operation under way
	head [headerSize]byte // what says how long an operation is
	have int              // bytes of head
	want int              // length of head
	kind stream
}

// stream is what a client sends.
type stream int

const (
	unknown      stream = iota
	contents            // to be echoed, one after the other
	transferring        // of bulk transfers
	bare                // not from a client of soak
)

// Count takes what was read next and returns how many operations ended in it.
func (c *OperationCounter) Count(p []byte) (ended int) {
	for len(p) > 0 && c.kind != bare {
		if c.left > 0 {
			n := min(c.left, int64(len(p)))
			c.left -= n
			p = p[n:]
		} else if p = p[c.read(p):]; !c.begin() {
			continue
		}
		if c.left <= 0 {
			ended++
		}
	}
	if c.kind == bare {
		return 1
	}
	return ended
}

// UnderWay reports whether an operation has begun and not ended.
func (c *OperationCounter) UnderWay() bool { return c.left > 0 || c.have > 0 }

// read takes a part of an operation's head.
func (c *OperationCounter) read(p []byte) (n int) {
	switch {
	case c.have > 0:
	case c.kind == transferring:
		c.want = requestSize
	case c.kind == unknown && p[0] == greeting[0]:
		c.want = len(greeting)
	default:
		c.want = headerSize
	}
	n = copy(c.head[c.have:c.want], p)
	c.have += n
	return n
}

// begin begins an operation where its head is whole, and reports whether it did.
func (c *OperationCounter) begin() bool {
	whole := c.have == c.want
	if whole {
		c.have = 0
	}
	switch {
	case whole && c.kind == transferring:
		c.left = 0
		if binary.LittleEndian.Uint64(c.head[0:])&up != 0 {
			c.left = int64(binary.LittleEndian.Uint64(c.head[8:]))
		}
		return true
	case whole && c.want == headerSize && binary.LittleEndian.Uint64(c.head[16:]) == contentMagic:
		c.kind = contents
		c.left = int64(binary.LittleEndian.Uint64(c.head[24:])) - headerSize
		return true
	case whole && string(c.head[:c.want]) == greeting:
		c.kind = transferring
	case whole, c.kind == unknown && c.want == headerSize:
		c.kind = bare
	}
	return false
}
