package protocol

import (
	"encoding/binary"
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"soakmon/soak/load"
)

// batchSocket is a UDP socket for quic-go, whose packets are hidden where there
// is an obfuscator. The kernel hands over a row of packets of one peer as it was
// sent, in one piece (UDP_GRO, udp(7)): many packets to a system call and, on
// loopback, many to a walk through the network stack. A row that quic-go sends
// (UDP_SEGMENT, udp(7)) stays one when it is hidden.
type batchSocket struct {
	peerSocket
	hide  obfuscator // nil: none
	batch *ipv4.PacketConn
	rows  []ipv4.Message
	ready []ipv4.Message // of rows: read, and not yet given out
	at    int            // in ready[0]
	out   load.Buffers
}

const (
	rowsAtOnce = 8
	largestRow = 64 << 10 // bytes
)

// newBatchSocket makes one of a socket; hide may be nil. The kernel may not know
// rows (before Linux 5.0): then there is none.
func newBatchSocket(conn peerSocket, hide obfuscator) (net.PacketConn, bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, false
	}
	var rowsErr error
	err = raw.Control(func(fd uintptr) { rowsErr = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) })
	if err != nil || rowsErr != nil {
		return nil, false
	}
	s := &batchSocket{peerSocket: conn, hide: hide, batch: ipv4.NewPacketConn(conn), rows: make([]ipv4.Message, rowsAtOnce), out: load.NewBuffers(2 * largestRow)}
	for i := range s.rows {
		s.rows[i].Buffers = [][]byte{make([]byte, largestRow)}
		s.rows[i].OOB = make([]byte, 128)
	}
	return s, true
}

// ReadBatch is for quic-go, which calls it from one goroutine.
func (s *batchSocket) ReadBatch(out []ipv4.Message, flags int) (n int, err error) {
	for n == 0 {
		if len(s.ready) == 0 {
			got, err := s.batch.ReadBatch(s.rows, flags)
			if err != nil {
				return 0, err
			}
			s.ready = s.rows[:got]
		}
		for n < len(out) && len(s.ready) > 0 {
			if s.next(&out[n]) {
				n++
			}
		}
	}
	return n, nil
}

// next gives out the next packet that is ready, where it is one.
func (s *batchSocket) next(out *ipv4.Message) bool {
	row := &s.ready[0]
	packet := row.Buffers[0][s.at:row.N]
	if size := segmentSize(row.OOB[:row.NN], unix.UDP_GRO); len(size) > 0 {
		packet = packet[:min(len(packet), int(binary.NativeEndian.Uint16(size)))]
	}
	out.Addr, out.Flags = row.Addr, row.Flags
	out.NN = copy(out.OOB, row.OOB[:row.NN])
	if s.at += len(packet); s.at >= row.N {
		s.ready, s.at = s.ready[1:], 0
	}
	if s.hide == nil {
		out.N = copy(out.Buffers[0], packet)
	} else if len(packet)-s.hide.Overhead() > len(out.Buffers[0]) {
		out.N = 0
	} else {
		out.N = s.hide.Open(out.Buffers[0], packet)
	}
	return out.N > 0
}

// WriteMsgUDP is for quic-go, which may call it from many goroutines.
func (s *batchSocket) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if s.hide == nil {
		return s.peerSocket.WriteMsgUDP(p, oob, to)
	}
	out := s.out.Get()
	defer s.out.Put(out)
	each := len(p)
	if size := segmentSize(oob, unix.UDP_SEGMENT); len(size) > 0 {
		each = int(binary.NativeEndian.Uint16(size))
		binary.NativeEndian.PutUint16(size, uint16(each+s.hide.Overhead()))
		defer binary.NativeEndian.PutUint16(size, uint16(each))
	}
	hidden := 0
	for from := 0; from < len(p); from += each {
		packet := p[from:min(from+each, len(p))]
		s.hide.Seal(out[hidden:], packet)
		hidden += len(packet) + s.hide.Overhead()
	}
	if _, oobn, err = s.peerSocket.WriteMsgUDP(out[:hidden], oob, to); err != nil {
		return 0, oobn, err
	}
	return len(p), oobn, nil
}

// segmentSize is where a control message says the size of the packets in a row:
// two bytes, or 0 where the kernel does not give it.
func segmentSize(oob []byte, kind int32) []byte {
	for len(oob) > 0 {
		head, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return nil
		}
		if head.Level == unix.SOL_UDP && head.Type == kind && len(data) >= 2 {
			return data[:2]
		}
		oob = rest
	}
	return nil
}
