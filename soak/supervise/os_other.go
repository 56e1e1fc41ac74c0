//go:build !linux

package supervise

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"soakmon/soak/procfs"
)

var errNotHere = fmt.Errorf("supervising processes is not available on this system (%s): it needs Linux", runtime.GOOS)

func usage(*syscall.Rusage) (cpu time.Duration, maxRSS int64) { return 0, 0 }

func notifyExits(chan<- os.Signal) {}

func becomeSubreaper() error { return errNotHere }

func childAttr(bool) *syscall.SysProcAttr { return nil }

func waitFor(int) (Exit, error) { return Exit{}, errNotHere }

type handle struct{ procfs.ID }

func openHandle(procfs.ID) (*handle, error) { return nil, errNotHere }

func (*handle) wait(context.Context) error { return errNotHere }

func (*handle) signal(syscall.Signal) error { return errNotHere }

func (*handle) Close() error { return nil }
