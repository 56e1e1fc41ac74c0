//go:build !unix

package plant

import (
	"fmt"
	"runtime"
)

func plantFDs(int64) error      { return errNotHere("fd") }
func plantThreads(int64) error  { return errNotHere("thread") }
func plantChildren(int64) error { return errNotHere("child") }

func errNotHere(kind string) error {
	return fmt.Errorf("leaks of kind %s cannot be planted on %s", kind, runtime.GOOS)
}
