package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"soakmon/soak/runner"
	"soakmon/soak/schedule"
)

// verdictWithin bounds the time that a soak may take to end with a verdict once
// it was interrupted: two rests of a minute each, and some.
const verdictWithin = 4 * time.Minute

// runPlan runs one soak as a process of its own and returns when it has ended.
// When ctx ends the process is interrupted, so that it ends with a verdict.
func runPlan(ctx context.Context, s streams, path, dir string, log func(string, ...any)) {
	cmd := exec.Command(runner.Self(), "run", path, "--dir", dir)
	cmd.Stdout, cmd.Stderr = s.out, s.err
	cmd.SysProcAttr = ownGroup()
	log("starting")
	if err := cmd.Start(); err != nil {
		log("cannot start: %v", err)
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
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		log("%s", schedule.Outcome(code))
		return
	}
	log("ended abnormally: %v", err)
}

// logger writes what happens to a plan, with the time.
func logger(s streams, name string) func(format string, args ...any) {
	return func(format string, args ...any) {
		fmt.Fprintf(s.out, "%s %s: %s\n", time.Now().UTC().Format(time.RFC3339), name, fmt.Sprintf(format, args...))
	}
}
