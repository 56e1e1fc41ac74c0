package control

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
)

// inFolder returns a short path to a name in an opened folder (proc(5)).
func inFolder(dir *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)
}

// listenIn binds a socket with mode 0600 in the folder. The mode is set before the
// name appears: bind(2) gives the name the mode of the socket.
func listenIn(dir *os.File, name string) (*net.UnixListener, error) {
	defer runtime.KeepAlive(dir)
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		ctlErr := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o600) })
		if ctlErr != nil {
			return ctlErr
		}
		return err
	}}
	l, err := lc.Listen(context.Background(), "unix", inFolder(dir, name))
	if err != nil {
		return nil, err
	}
	unix := l.(*net.UnixListener)
	unix.SetUnlinkOnClose(false)
	return unix, nil
}

func dialIn(ctx context.Context, dir *os.File, name string) (net.Conn, error) {
	defer runtime.KeepAlive(dir)
	var d net.Dialer
	return d.DialContext(ctx, "unix", inFolder(dir, name))
}
