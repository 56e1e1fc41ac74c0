package protocol

import "net"

// acknowledging is a TCP connection of which small pieces are acknowledged at
// once. Servers that write in small pieces without TCP_NODELAY, as OpenSSH does
// in its handshake, wait for the acknowledgement of each before they send the
// next (RFC 1122 section 4.2.3.4), which a receiver delays by 40 ms.
func acknowledging(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	return &quickConn{TCPConn: tcp, acknowledge: func() { _ = raw.Control(quickAck) }}
}

// smallPiece is a read after which the sender may be waiting.
const smallPiece = 4 << 10

type quickConn struct {
	*net.TCPConn
	acknowledge func()
}

func (c *quickConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n < smallPiece {
		c.acknowledge()
	}
	return n, err
}
