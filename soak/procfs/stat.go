package procfs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
)

// ClockTicks is USER_HZ, the number of clock ticks in a second: 100 on every
// architecture that Go supports.
const ClockTicks = 100

// ID names one process permanently.
type ID struct {
	PID   int
	Start uint64 // clock ticks from boot to its start (proc_pid_stat(5), field 22)
}

// Stat is what soak reads of /proc/PID/stat (proc_pid_stat(5)).
type Stat struct {
	ID
	Comm    string // name: at most 15 bytes, of kernel threads at most 63; not set by [ParseStat]
	State   byte   // of the main thread
	Parent  int
	Group   int // process group; -1 while it is being reaped
	Session int // -1 while it is being reaped
	Threads int

	CPU         uint64 // user and system time in clock ticks
	MinorFaults uint64
	MajorFaults uint64
	Virtual     uint64 // size of the address space in bytes

	// The same of its children that have ended and were waited for.
	ChildCPU         uint64
	ChildMinorFaults uint64
	ChildMajorFaults uint64
}

// Ended reports whether the process has ended and only waits to be reaped.
//
// State is that of the main thread alone. After that thread has exited
// (pthread_exit(3)) it is Z, but the process lives for as long as other threads
// run: the kernel delays the exit notification and wait(2) does not reap it
// (delay_group_leader in kernel/exit.c). Threads counts the dead main thread, so
// 1 is the end.
func (s Stat) Ended() bool {
	return s.State == 'X' || s.State == 'x' || s.State == 'Z' && s.Threads <= 1
}

// Headless reports whether the process lives on after the exit of its main
// thread. Its memory and descriptors do not show under /proc/PID then.
func (s Stat) Headless() bool { return s.State == 'Z' && !s.Ended() }

// String is for people: "pid 42 (nginx)".
func (s Stat) String() string { return fmt.Sprintf("pid %d (%s)", s.PID, s.Comm) }

// ByAge orders processes, the oldest first.
func ByAge(a, b Stat) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.PID, b.PID))
}

var errStat = errors.New("unknown format of /proc/PID/stat")

// ParseStat parses /proc/PID/stat, except for the name, which would have to be
// allocated. The name may hold any character, parentheses and newlines
// included: the last closing parenthesis ends it.
func ParseStat(b []byte) (s Stat, err error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open || end+2 >= len(b) {
		return s, errStat
	}
	pid, ok := Number(b[:open])
	if !ok || pid > math.MaxInt32 {
		return s, errStat
	}
	s.PID, s.State = int(pid), b[end+2]
	rest := b[end+3:]
	for field := 4; field <= 23; field++ {
		rest = bytes.TrimLeft(rest, " ")
		negative := len(rest) > 0 && rest[0] == '-'
		if negative {
			rest = rest[1:]
		}
		n, ok := Number(rest)
		if !ok {
			return Stat{}, errStat
		}
		if !s.set(field, n, negative) {
			return Stat{}, errStat
		}
		if blank := bytes.IndexByte(rest, ' '); blank >= 0 {
			rest = rest[blank:]
		} else {
			rest = nil
		}
	}
	return s, nil
}

// set takes a field by its number in proc_pid_stat(5). It returns false where
// the kernel never writes such a number.
func (s *Stat) set(field int, n uint64, negative bool) bool {
	switch field {
	case 4:
		s.Parent = int(n)
	case 5:
		s.Group = int(n)
	case 6:
		s.Session = int(n)
	case 10:
		s.MinorFaults = n
	case 11:
		s.ChildMinorFaults = n
	case 12:
		s.MajorFaults = n
	case 13:
		s.ChildMajorFaults = n
	case 14, 15:
		s.CPU += n
	case 16, 17:
		s.ChildCPU += n
	case 20:
		s.Threads = int(n)
	case 22:
		s.Start = n
	case 23:
		s.Virtual = n
	default: // some of the others are negative
		return true
	}
	if negative && (field == 5 || field == 6) && n == 1 { // it is being reaped
		s.Group, s.Session = -1, -1
		return true
	}
	return !negative && (n <= math.MaxInt32 || field >= 10 && field != 20)
}

// parseWhole is ParseStat with the name.
func parseWhole(b []byte) (Stat, error) {
	s, err := ParseStat(b)
	if err == nil {
		s.Comm = string(b[bytes.IndexByte(b, '(')+1 : bytes.LastIndexByte(b, ')')])
	}
	return s, err
}
