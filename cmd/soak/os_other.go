//go:build !unix

package main

import (
	"errors"
	"syscall"
)

func maxFiles() (uint64, error) {
	return 0, errors.New("the limit of file descriptors is unknown on this system")
}

func ownGroup() *syscall.SysProcAttr { return nil }
