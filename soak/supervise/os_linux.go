package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak/procfs"
)

// usage is the CPU time and the largest resident set of a process, the latter in
// bytes; the kernel counts it in KiB (getrusage(2)).
func usage(ru *syscall.Rusage) (cpu time.Duration, maxRSS int64) {
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano()), ru.Maxrss * 1024
}

// notifyExits sends to c when a child of this process has ended.
func notifyExits(c chan<- os.Signal) { signal.Notify(c, syscall.SIGCHLD) }

// becomeSubreaper makes orphans among our descendants our children
// (PR_SET_CHILD_SUBREAPER, prctl(2)).
func becomeSubreaper() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a child subreaper: %w", err)
	}
	return nil
}

// childAttr gives a child a session, and so a process group, of its own: no
// terminal signal reaches it, and nothing that it starts can join another. One
// that is not held by its standard input gets SIGTERM when we die; that fires
// when the thread that started it ends, so the thread must live as long.
func childAttr(held bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !held {
		attr.Pdeathsig = syscall.SIGTERM
	}
	return attr
}

// waitFor reaps a child that has ended; it does not block.
func waitFor(pid int) (Exit, error) {
	var ws syscall.WaitStatus
	var ru syscall.Rusage
	got, err := syscall.Wait4(pid, &ws, syscall.WNOHANG, &ru)
	if err != nil {
		return Exit{}, err
	}
	if got != pid {
		return Exit{}, fmt.Errorf("process %d has not ended", pid)
	}
	return exitOf(ws, &ru), nil
}

// handle is a pidfd: it names one process even after its pid was recycled.
type handle struct {
	procfs.ID
	file *os.File
}

// openHandle opens a pidfd for the process, and errGone where it has ended.
func openHandle(id procfs.ID) (*handle, error) {
	fd, err := unix.PidfdOpen(id.PID, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return nil, errGone
	case errors.Is(err, unix.ENOSYS):
		return nil, fmt.Errorf("pidfd_open: %w: it needs Linux 5.3 or newer", err)
	case err != nil:
		return nil, fmt.Errorf("pidfd_open of process %d: %w", id.PID, err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // lets the runtime's poller wait for it
		unix.Close(fd)
		return nil, fmt.Errorf("pidfd of process %d: %w", id.PID, err)
	}
	h := &handle{ID: id, file: os.NewFile(uintptr(fd), "pidfd")}
	if p, err := proc.Stat(id.PID); err != nil || p.Start != id.Start {
		h.Close()
		return nil, errGone
	}
	return h, nil
}

// wait returns nil when the process has ended, or ctx's error.
func (h *handle) wait(ctx context.Context) error {
	unblock := context.AfterFunc(ctx, func() { h.file.SetReadDeadline(time.Unix(1, 0)) })
	defer unblock()
	raw, err := h.file.SyscallConn()
	if err != nil {
		return err
	}
	err = raw.Read(func(fd uintptr) bool {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		return err == nil && n == 1
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (h *handle) signal(sig syscall.Signal) error {
	raw, err := h.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.PidfdSendSignal(int(fd), sig, nil, 0) })
	if errors.Is(failed, unix.ESRCH) {
		failed = nil // it ended meanwhile
	}
	return errors.Join(err, failed)
}

// Close releases the pidfd; the process is not affected.
func (h *handle) Close() error { return h.file.Close() }
