//go:build !linux

package control

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
)

// maxPath is the maximum length of a socket's path that every system accepts.
const maxPath = 103

func inFolder(dir *os.File, name string) (string, error) {
	path := filepath.Join(dir.Name(), name)
	if len(path) > maxPath {
		return "", errors.New("the folder's path is too long for a socket: use a shorter --dir")
	}
	return path, nil
}

func listenIn(dir *os.File, name string) (*net.UnixListener, error) {
	path, err := inFolder(dir, name)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func dialIn(ctx context.Context, dir *os.File, name string) (net.Conn, error) {
	path, err := inFolder(dir, name)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}
