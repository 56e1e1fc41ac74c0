package supervise

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Exit is how a process ended.
type Exit struct {
	Known  bool           // false where the process was not our child: the kernel reports its end to its parent only
	Code   int            // exit code; -1 where a signal ended it
	Signal syscall.Signal // the signal that ended it, or 0
	CPU    time.Duration  // user and system time, its waited-for children included (getrusage(2))
	MaxRSS int64          // largest resident set, bytes
}

// String says it in words for people: "exit code 3", "killed by signal 9 (killed)".
func (e Exit) String() string {
	switch {
	case !e.Known:
		return "exit status unknown: it is not a child of soak"
	case e.Signal != 0:
		return fmt.Sprintf("killed by signal %d (%s)", int(e.Signal), e.Signal)
	default:
		return fmt.Sprintf("exit code %d", e.Code)
	}
}

func exitOf(ws syscall.WaitStatus, ru *syscall.Rusage) Exit {
	e := Exit{Known: true, Code: ws.ExitStatus()}
	if ws.Signaled() {
		e.Signal = ws.Signal()
	}
	if ru != nil {
		e.CPU, e.MaxRSS = usage(ru)
	}
	return e
}

func exitOfState(s *os.ProcessState) Exit {
	ws, ok := s.Sys().(syscall.WaitStatus)
	if !ok {
		return Exit{}
	}
	ru, _ := s.SysUsage().(*syscall.Rusage)
	return exitOf(ws, ru)
}
