package protocol

import (
	"bufio"
	"net"
)

// sshBuffer is what is read at once of small pieces: x/crypto/ssh reads the
// peer's version byte by byte.
const sshBuffer = 16 << 10

// acknowledging is a TCP connection of which small pieces are acknowledged at
// once. OpenSSH writes without TCP_NODELAY: with many channels on a connection,
// its answer on one waits for the acknowledgement of the one before (RFC 1122
// section 4.2.3.4), which a receiver that has nothing to say delays by up to
// 40 ms.
func acknowledging(conn net.Conn) net.Conn {
	var acknowledge func()
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			acknowledge = func() { _ = raw.Control(quickAck) }
		}
	}
	return &bufferedConn{conn, bufio.NewReaderSize(&quickReader{conn, acknowledge}, sshBuffer)}
}

// bufferedConn is a connection that is read through a buffer.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// smallPiece is a read after which the sender may be waiting.
const smallPiece = 4 << 10

type quickReader struct {
	conn        net.Conn
	acknowledge func() // nil where it cannot be done
}

func (r *quickReader) Read(p []byte) (int, error) {
	n, err := r.conn.Read(p)
	if n < smallPiece && err == nil && r.acknowledge != nil {
		r.acknowledge()
	}
	return n, err
}
