//go:build linux

package probes

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak"
)

// runtimesOf reads the runtimes of a process.
func runtimesOf(t *testing.T, p soak.Process) map[string]float64 {
	t.Helper()
	e := envFor(t, p)
	r := &runtimes{tree: e.tree, programs: goPrograms{}, seen: newTally("runtime_processes", "runtime")}
	samples, err := r.Read(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return values(samples)
}

func TestRuntimes_ByNameOfProgram(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"java": soak.RuntimeJVM, "node": soak.RuntimeV8, "dotnet": soak.RuntimeDotNet} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, program, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		var got map[string]float64
		for range 50 { // until it has replaced the process that started it
			if got = runtimesOf(t, soak.Process{Role: soak.RoleTarget, PID: cmd.Process.Pid}); len(got) > 1 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if got[soak.LabelName("runtime_processes", "runtime", want)] != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRuntimes_ByLibraryAndSharedMemory(t *testing.T) {
	self := soak.Process{Role: soak.RoleTarget, PID: os.Getpid()}
	before := runtimesOf(t, self)
	path := filepath.Join(t.TempDir(), "libjvm.so")
	if err := os.WriteFile(path, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	library, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer library.Close()
	mapped(t, int(library.Fd()), 4096, unix.MAP_PRIVATE)
	const size = 1 << 20
	segment, err := unix.MemfdCreate("segment", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(segment)
	if err := unix.Ftruncate(segment, size); err != nil {
		t.Fatal(err)
	}
	for range 3 { // one segment, however often it is mapped
		mapped(t, segment, size, unix.MAP_SHARED)
	}
	got := runtimesOf(t, self)
	if got[soak.LabelName("runtime_processes", "runtime", soak.RuntimeJVM)] != 1 {
		t.Errorf("the runtime is not detected: %v", got)
	}
	if grown := got["shared_mapped_bytes"] - before["shared_mapped_bytes"]; grown != size {
		t.Errorf("shared memory grew by %v, want %v", grown, size)
	}
}

// mapped maps a file until the end of the test.
func mapped(t *testing.T, fd, size, flags int) {
	t.Helper()
	m, err := unix.Mmap(fd, 0, size, unix.PROT_READ, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(m) })
}

func TestRuntimes_GoProgram(t *testing.T) {
	got := runtimesOf(t, soak.Process{Role: soak.RoleTarget, PID: os.Getpid()})
	if got[soak.LabelName("runtime_processes", "runtime", soak.RuntimeGo)] != 1 {
		t.Errorf("%v", got)
	}
}
