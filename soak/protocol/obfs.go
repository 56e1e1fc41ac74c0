package protocol

import (
	"net"

	"soakmon/soak/load"
)

// obfuscator hides packets: each by itself, Overhead bytes longer.
type obfuscator interface {
	Overhead() int
	Seal(out, packet []byte)
	Open(out, hidden []byte) int
}

// largestPacket is the size of the largest QUIC packet, hidden.
const largestPacket = 2048

// quicSocket makes of a socket what quic-go is given: fast where the system can,
// and with hidden packets where hide is not nil.
func quicSocket(socket peerSocket, hide obfuscator) net.PacketConn {
	if batch, ok := newBatchSocket(socket, hide); ok {
		return batch
	}
	return hidden(socket, hide)
}

// hidden hides the packets of a socket, unless hide is nil.
func hidden(socket net.PacketConn, hide obfuscator) net.PacketConn {
	if hide == nil {
		return socket
	}
	return &obfuscatedConn{socket, hide, load.NewBuffers(largestPacket), make([]byte, largestPacket)}
}

// obfuscatedConn hides the packets of a net.PacketConn. It must not embed a
// *net.UDPConn: quic-go would use that at its side.
type obfuscatedConn struct {
	net.PacketConn
	obfuscator
	buffers load.Buffers
	in      []byte // of ReadFrom, which quic-go calls from one goroutine
}

func (c *obfuscatedConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(c.in)
		if err != nil {
			return 0, from, err
		}
		if n -= c.Overhead(); n > 0 && n <= len(p) {
			return c.Open(p, c.in[:n+c.Overhead()]), from, nil
		}
	}
}

func (c *obfuscatedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	out := c.buffers.Get()
	defer c.buffers.Put(out)
	c.Seal(out, p)
	if _, err := c.PacketConn.WriteTo(out[:len(p)+c.Overhead()], to); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetReadBuffer is the socket's: quic-go asks for a large one.
func (c *obfuscatedConn) SetReadBuffer(size int) error {
	if socket, ok := c.PacketConn.(interface{ SetReadBuffer(int) error }); ok {
		return socket.SetReadBuffer(size)
	}
	return nil
}

// SetWriteBuffer is the socket's, as SetReadBuffer.
func (c *obfuscatedConn) SetWriteBuffer(size int) error {
	if socket, ok := c.PacketConn.(interface{ SetWriteBuffer(int) error }); ok {
		return socket.SetWriteBuffer(size)
	}
	return nil
}
