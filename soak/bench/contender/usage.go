package contender

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/prometheus/procfs"

	"soakmon/soak"
	soakprocfs "soakmon/soak/procfs"
)

// cpuOf is the CPU time that processes have used, in seconds, and that of their
// children that have ended: a server that makes one for each connection would
// seem to use less and less otherwise (cutime and cstime, proc_pid_stat(5)).
// A session costs a tenth of a millisecond, so that the clock ticks of
// /proc/PID/stat would be too coarse for the processes themselves.
func cpuOf(processes ...soak.Process) (sum float64, err error) {
	err = eachOf(processes, func(p procfs.Proc) error {
		s, err := p.Stat()
		if err != nil {
			return err
		}
		own, err := soakprocfs.CPUTime(p.PID)
		sum += own.Seconds() + float64(s.CUTime+s.CSTime)/soakprocfs.ClockTicks
		return err
	})
	return sum, err
}

// memoryOf is the private memory of processes in bytes: anonymous pages that are
// resident (RssAnon, proc_pid_status(5)). Pages of the program's file are
// shared and do not depend on connections.
func memoryOf(processes ...soak.Process) (sum float64, err error) {
	err = eachOf(processes, func(p procfs.Proc) error {
		s, err := p.NewStatus()
		sum += float64(s.RssAnon)
		return err
	})
	return sum, err
}

// eachOf visits processes, with their descendants where their tree is wanted.
func eachOf(processes []soak.Process, visit func(procfs.Proc) error) error {
	for _, one := range processes {
		family, err := familyOf(one)
		if err != nil {
			return err
		}
		for _, p := range family {
			err := visit(p)
			if gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH); gone && p.PID != one.PID {
				continue // a child that has ended meanwhile
			}
			if err != nil {
				return fmt.Errorf("process %d: %w", p.PID, err)
			}
		}
	}
	return nil
}

func familyOf(one soak.Process) ([]procfs.Proc, error) {
	first, err := procfs.NewProc(one.PID)
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", one.PID, err)
	}
	family := []procfs.Proc{first}
	if !one.Tree {
		return family, nil
	}
	all, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	parents := map[int]int{}
	for _, p := range all {
		if s, err := p.Stat(); err == nil {
			parents[p.PID] = s.PPID
		}
	}
	for _, p := range all {
		for at := parents[p.PID]; at > 1; at = parents[at] {
			if at == one.PID {
				family = append(family, p)
				break
			}
		}
	}
	return family, nil
}
