// Package control is the protocol between a running monitor and other processes:
// HTTP on a unix socket next to the run file, and its client.
//
//	GET  /status    the state of the run, as JSON
//	GET  /copy      a consistent copy of the run file
//	GET  /live      the status at every change, as server-sent events
//	POST /pause /resume /rest /snapshot /stop
//
// The monitor locks the run file against all other processes, so this is how they
// read a run in progress. Errors are {"error": "…"} with a status of 400 or above.
//
// The monitor never waits for a reader. Copies are made one at a time, a viewer
// that does not keep up is dropped, and the number of viewers and connections and
// all times are bounded.
//
// The only access control is the socket's mode, 0600. The path of a socket has at
// most 108 bytes (unix(7)), so on Linux it is accessed through the opened folder;
// on other systems a longer path is an error.
package control

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The bounds of the server.
const (
	maxViewers     = 64
	maxConnections = 128
	maxBacklog     = 16               // events that wait for a slow viewer before it is dropped
	writeTimeout   = 5 * time.Second  // of one write to a reader
	copyWait       = 30 * time.Second // for another copy to end
	copyTimeout    = 5 * time.Minute
)

// ErrNotRunning is the error of a run without a monitor.
var ErrNotRunning = errors.New("no monitor is running for this run")

// ErrRunning is the error of a run that already has a monitor.
var ErrRunning = errors.New("a monitor is already running for this run")

// socketName returns the name of a run's socket.
func socketName(id string) string { return id + ".sock" }

// socketOf returns the folder and the name of the socket of a run file.
func socketOf(path string) (dir, name string) {
	base := filepath.Base(path)
	return filepath.Dir(path), socketName(strings.TrimSuffix(base, filepath.Ext(base)))
}

// removeSocket removes a socket from a folder. It is an error if the name belongs
// to anything else.
func removeSocket(dir *os.Root, name string) error {
	info, err := dir.Lstat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return errors.New("a file of that name exists and is not a socket: move it elsewhere")
	}
	return dir.Remove(name)
}

// notListening reports whether a failed dial means that no process listens.
func notListening(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
