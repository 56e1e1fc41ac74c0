package relay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// oobSize holds the one control message that is asked for.
const oobSize = 64

// prepare asks the kernel for large buffers, and for trains of datagrams in one
// read (UDP_GRO, udp(7), Linux 5.0). It works without them, too.
func prepare(conn *net.UDPConn) {
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) })
	}
}

// segment is the size of the datagrams in a read of n bytes.
func segment(oob []byte, n int) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if len(oob) == 0 || err != nil {
		return n
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_UDP && m.Header.Type == unix.UDP_GRO && len(m.Data) >= 2 {
			return max(int(binary.NativeEndian.Uint16(m.Data)), 1)
		}
	}
	return n
}

// send sends a datagram, or a train of datagrams of segment bytes (UDP_SEGMENT).
func send(conn *net.UDPConn, to netip.AddrPort, data []byte, segment int) {
	if segment >= len(data) {
		_, _, _ = conn.WriteMsgUDPAddrPort(data, nil, to) // nobody may listen there
		return
	}
	var oob [32]byte
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], uint16(segment))
	if _, _, err := conn.WriteMsgUDPAddrPort(data, oob[:unix.CmsgSpace(2)], to); err == nil {
		return
	}
	for len(data) > 0 { // no such option on this path
		size := min(segment, len(data))
		_, _, _ = conn.WriteMsgUDPAddrPort(data[:size], nil, to)
		data = data[size:]
	}
}
