package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// running is a process, as /proc shows it.
type running struct {
	pid, parent int
	command     string // the arguments, separated by spaces
}

// processes lists the processes that run now.
func processes(t testing.TB) (all []running) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		stat, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if errors.Join(err, err2) != nil || len(line) == 0 {
			continue // it has ended, or is a zombie or a thread of the kernel
		}
		p := running{pid: pid, command: strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); len(f) > 1 {
			p.parent, _ = strconv.Atoi(f[1])
		}
		all = append(all, p)
	}
	return all
}

// childOf is the pid of the child of a process whose command contains words.
func childOf(t testing.TB, pid int, words string) int {
	t.Helper()
	all := processes(t)
	i := slices.IndexFunc(all, func(p running) bool { return p.parent == pid && strings.Contains(p.command, words) })
	if i < 0 {
		t.Fatalf("process %d has no child %q", pid, words)
	}
	return all[i].pid
}

// ownBinary is the program under a path that no other test uses, so that all
// its processes belong to this test.
func ownBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "soak")
	if err := os.Link(binary, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// unleft fails if a process of a program is still running.
func unleft(t *testing.T, program string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		left := slices.DeleteFunc(processes(t), func(p running) bool { return !strings.HasPrefix(p.command, program+" ") })
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("processes are still running: %+v", left)
		}
		<-time.After(50 * time.Millisecond)
	}
}
