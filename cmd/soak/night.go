package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// verdictWithin bounds how long a soak may take to end with a verdict once it
// was asked to: two rests of a minute each, and some.
const verdictWithin = 4 * time.Minute

// run starts one soak as a process of its own and waits for its end. When ctx
// ends it is interrupted, so that it ends with a verdict.
func (n night) run(ctx context.Context, s streams, dir string) {
	cmd := exec.Command(self(), "run", n.path, "--dir", dir)
	cmd.Stdout, cmd.Stderr = s.out, s.err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C reaches us alone; we pass it on once
	n.say(s, "starting")
	if err := cmd.Start(); err != nil {
		n.say(s, "cannot start: %v", err)
		return
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(verdictWithin):
			_ = cmd.Process.Kill()
		}
	})
	err := cmd.Wait()
	close(ended)
	stop()
	n.say(s, "%s", n.outcome(cmd.ProcessState.ExitCode(), err))
	n.thin(s, dir)
}

func (n night) outcome(code int, err error) string {
	if code < 0 {
		return fmt.Sprintf("ended abnormally: %v", err)
	}
	return fmt.Sprintf("ended with exit code %d: %s", code, result(code))
}
