package protocol

import "golang.org/x/sys/unix"

// quickAck sends what acknowledgement is due now (TCP_QUICKACK, tcp(7)).
func quickAck(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // it is only slower without
}
