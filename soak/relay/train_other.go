//go:build !linux

package relay

import (
	"net"
	"net/netip"
)

const oobSize = 0

// prepare asks the kernel for large buffers; smaller ones work, too.
func prepare(conn *net.UDPConn) {
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
}

// segment is the size of the datagrams in a read: there is one.
func segment(_ []byte, n int) int { return n }

func send(conn *net.UDPConn, to netip.AddrPort, data []byte, _ int) {
	_, _, _ = conn.WriteMsgUDPAddrPort(data, nil, to) // nobody may listen there
}
