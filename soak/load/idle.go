package load

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// idleAfter is how long after an operation a session may have been ended for
// being idle, so that a check is worth its system call.
const idleAfter = time.Second

// Ender is a connection that knows whether its peer has ended it. Other
// connections are asked for the TCP connection below them, by the method NetConn
// that crypto/tls has as well.
type Ender interface{ Ended() bool }

// ended reports whether the peer has ended a connection on which no operation is in
// progress. It does not wait, and leaves the bytes to the next read.
func ended(conn net.Conn) bool {
	within := false
	for {
		if e, ok := conn.(Ender); ok {
			return e.Ended()
		}
		below, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn, within = below.NetConn(), true
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	var head [5]byte
	n, err := peek(socket, head[:])
	switch {
	case err != nil:
		return !errors.Is(err, errNothing)
	case n == 0:
		return true
	}
	return within && isAlert(head)
}

// isAlert reports whether a record of TLS is an alert, such as the goodbye of a
// peer: by its type, or by a length that nothing else has where the type is
// hidden (RFC 8446, section 5.2: two bytes, their type, a tag of 16).
func isAlert(head [5]byte) bool {
	const alert, hidden, length = 21, 23, 2 + 1 + 16
	return head[0] == alert || head[0] == hidden && head[3] == 0 && head[4] == length
}
