package load

import (
	"errors"
	"net"
)

// EchoPackets is the reference server behind every protocol that relays
// datagrams: it sends each back to where it came from, until conn is closed.
// onOperation is called after each; it may be nil.
func EchoPackets(conn *net.UDPConn, onOperation func()) {
	buf := make([]byte, MostPacket+1)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of an earlier answer, whose receiver is gone
		}
		if _, err := conn.WriteToUDPAddrPort(buf[:n], from); err == nil && onOperation != nil {
			onOperation()
		}
	}
}
