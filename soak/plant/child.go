//go:build unix

package plant

import (
	"os/exec"
	"sync"
	"syscall"
)

var childProgram = sync.OnceValues(func() (string, error) { return exec.LookPath("true") })

// plantChildren starts children that end at once and does not wait for them.
// os.StartProcess would keep a pidfd for each, a leak of another kind.
func plantChildren(n int64) error {
	program, err := childProgram()
	if err != nil {
		return err
	}
	for range n {
		if _, err := syscall.ForkExec(program, []string{program}, &syscall.ProcAttr{}); err != nil {
			return err
		}
	}
	return nil
}
