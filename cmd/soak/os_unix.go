//go:build unix

package main

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxFiles is the hard limit on open descriptors; Go programs raise their soft
// limit to it.
func maxFiles() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("limit of file descriptors: %w", err)
	}
	return uint64(limit.Max), nil
}

// ownGroup starts a process in a process group of its own: a Ctrl-C reaches us
// alone, and we pass it on once.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
