package procfs

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestCPUTime_FinerThanClockTick(t *testing.T) {
	first, err := CPUTime(os.Getpid())
	if err != nil || first <= 0 {
		t.Fatalf("%v, %v", first, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for now := first; now-first < 100*time.Microsecond; { // of work, however busy the machine is
		if now, err = CPUTime(os.Getpid()); err != nil || now < first || time.Now().After(deadline) {
			t.Fatalf("%v after %v: %v", now, first, err)
		}
		if now > first && now-first < time.Second/ClockTicks {
			return
		}
	}
	t.Error("it rises in steps of a clock tick")
}

func TestCPUTime_EndedProcess(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if d, err := CPUTime(cmd.Process.Pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("%v, %v", d, err)
	}
	if d, err := CPUTime(0); err == nil {
		t.Errorf("pid 0: %v", d)
	}
}
