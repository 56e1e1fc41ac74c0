package load

// Buffers is a free list that never shrinks: unlike a sync.Pool it is not
// emptied by the garbage collector, so the live heap stays flat.
type Buffers struct {
	size int
	free chan []byte
}

// NewBuffers makes an empty list of buffers of size bytes. It keeps at most 256.
func NewBuffers(size int) Buffers { return Buffers{size, make(chan []byte, 256)} }

// Get gives a buffer, whose content may be anything.
func (b Buffers) Get() []byte {
	select {
	case buf := <-b.free:
		return buf
	default:
		return make([]byte, b.size)
	}
}

// Put gives a buffer back.
func (b Buffers) Put(buf []byte) {
	select {
	case b.free <- buf:
	default:
	}
}
