package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"soakmon/soak/report"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitCode ends a command with a code and without a message: the command has
// printed everything.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// crash turns a panic, while it is recovered from, into an error to report.
func crash(p any) error {
	return fmt.Errorf("internal error: %v\nplease report this with the lines below\n%s", p, debug.Stack())
}

// execute runs one command line and returns the process's exit code.
func execute(args []string, s streams) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(s.err, "soak: %v", crash(p))
			code = report.ExitError
		}
	}()
	cmd := rootCommand(s)
	cmd.SetArgs(args)
	cmd.SetIn(s.in)
	cmd.SetOut(s.out)
	cmd.SetErr(s.err)
	err := cmd.Execute()
	var exit exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	default:
		fmt.Fprintf(s.err, "soak: %v\n", err)
		return report.ExitError
	}
}

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "soak",
		Short: "Soak-test a server and report whether it leaks",
		Long: `soak drives constant load against a server for minutes to days, samples its
processes from outside, and reports with evidence whether it leaks.

  soak run                      test the built-in reference server for two minutes
  soak run --listen :8080 --url http://127.0.0.1:8080/
  soak run PLAN.yaml            run a plan (create one with soak init)
  soak watch --pid 4711 --duration 1h

Exit codes: 0 clean · 1 leak, or a rule was missed · 2 usage or internal error ·
3 inconclusive · 4 the target died, or less than half of the load was achieved`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetVersionTemplate("soak {{.Version}}\n")
	setUsage(root)
	root.AddCommand(
		runCommand(s), watchCommand(s), attachCommand(s), analyzeCommand(s), selftestCommand(s), reportCommand(s), compareCommand(s), webCommand(s), runsCommand(s), exportCommand(s), verifyCommand(s), snapshotCommand(s), profileCommand(s), evidenceCommand(s),
		initCommand(s), checkCommand(s), scheduleCommand(s), protocolsCommand(s), serveCommand(s), driveCommand(s), relayCommand(s), benchCommand(s), benchClientCommand(s), manCommand(s), versionCommand(s),
	)
	return root
}

const dirHelp = "`FOLDER` of the run files"

// dirFlag adds --dir: where run files are.
func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", defaultDir(), dirHelp)
}

// defaultDir is $XDG_STATE_HOME/soak, or ~/.local/state/soak.
func defaultDir() string {
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "soak")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "soak-runs"
	}
	return filepath.Join(home, ".local", "state", "soak")
}

// runArg takes one RUN, last if none is given.
func runArg(args []string) string {
	if len(args) == 0 {
		return "last"
	}
	return args[0]
}
