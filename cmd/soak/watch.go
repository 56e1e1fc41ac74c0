package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"soakmon/soak"
	"soakmon/soak/plan"
)

// watchFlags are the settings of a run without load.
type watchFlags struct {
	targetFlags
	name string
}

func watchCommand(s streams) *cobra.Command {
	m := &monitorFlags{}
	f := &watchFlags{}
	cmd := &cobra.Command{
		Use:   "watch (--pid PID | --pidfile FILE | --listen HOST:PORT | -- COMMAND ARGS…)",
		Short: "Watch a server under its own load and report whether it leaks",
		Example: `  soak watch --pid 4711 --duration 1h
  soak watch --listen :443 --pprof http://127.0.0.1:6060/debug/pprof/ --duration 24h --interval 10s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := f.plan(cmd.Flags(), args, cmd.ArgsLenAtDash())
			if err != nil {
				return err
			}
			return m.monitor(s, "watch", again("watch", cmd.Flags(), args, cmd.ArgsLenAtDash()), p)
		},
	}
	f.add(cmd.Flags())
	m.add(cmd)
	return cmd
}

func (f *watchFlags) add(flags *pflag.FlagSet) {
	f.targetFlags.add(flags)
	inGroup(flags, groupOutput, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.name, "name", "watch", "`NAME` of the run")
	})
}

// plan is the plan of the command line.
func (f *watchFlags) plan(flags *pflag.FlagSet, args []string, dash int) (soak.Plan, error) {
	p := plan.New()
	if len(args) > 0 && dash != 0 {
		return p, fmt.Errorf("unexpected argument %q: name the process with --pid, --pidfile or --listen, or put a command after --", args[0])
	}
	over := overlay{flags: flags}
	f.target(&over, &p, args)
	if over.err != nil {
		return p, over.err
	}
	if !over.any("pid", "pidfile", "listen") && len(args) == 0 {
		return p, errors.New("no target: give --pid PID, --pidfile FILE, --listen HOST:PORT, or -- COMMAND ARGS")
	}
	p.Name = f.name
	return p, plan.Complete(&p)
}
