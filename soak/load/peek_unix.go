//go:build unix

package load

import "syscall"

// errNothing says that no bytes wait to be read.
const errNothing = syscall.EAGAIN

// peek reads without waiting and leaves the bytes to the next read. n is 0 where
// the peer has ended the connection.
func peek(conn syscall.Conn, p []byte) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	rawErr := raw.Read(func(fd uintptr) bool {
		n, _, err = syscall.Recvfrom(int(fd), p, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	if rawErr != nil {
		return 0, errNothing // closed by us, or its deadline is over: the operation will fail
	}
	return n, err
}
