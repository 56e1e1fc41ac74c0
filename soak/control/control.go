// Package control is the way to talk to a running monitor: HTTP on a unix
// socket beside the run file, and its client.
//
//	GET  /status    where the run stands, as JSON
//	GET  /copy      a consistent copy of the run file
//	GET  /live      the same as /status at every change, as server-sent events
//	POST /pause /resume /rest /snapshot /stop
//
// The run file itself is locked for everybody but its monitor, so this is how
// readers see a run that goes on. Errors are {"error": "…"} with a status of
// 400 or above.
//
// The opinion: the monitor never waits for a reader. Copies are made one at a
// time, a viewer that does not keep up is dropped, and viewers, connections and
// times are bounded.
//
// The limits: the socket has mode 0600, and that is all the access control there
// is. A socket's path ends at 108 bytes (unix(7)), so on Linux it is reached
// through the opened folder; elsewhere a longer path is an error.
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
	mostViewers     = 64
	mostConnections = 128
	behind          = 16               // events that a viewer may be late
	stall           = 5 * time.Second  // one write to a reader may take
	copyWait        = 30 * time.Second // for another copy to end
	longestCopy     = 5 * time.Minute
)

// ErrNotRunning says that nobody answers for a run.
var ErrNotRunning = errors.New("no monitor answers for this run")

// ErrRunning says that a monitor answers for the run already.
var ErrRunning = errors.New("a monitor runs already for this run")

// socketName of a run's id.
func socketName(id string) string { return id + ".sock" }

// besideRunFile gives folder and socket name for a run file's path.
func besideRunFile(path string) (dir, name string) {
	base := filepath.Base(path)
	return filepath.Dir(path), socketName(strings.TrimSuffix(base, filepath.Ext(base)))
}

// removeSocket removes a socket, and nothing else, from a folder.
func removeSocket(dir *os.Root, name string) error {
	info, err := dir.Lstat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return errors.New("there is a file of that name that is no socket; move it away")
	}
	return dir.Remove(name)
}

// nobody tells whether a failed dial means that nobody listens.
func nobody(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
