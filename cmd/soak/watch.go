package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"soakmon/soak/plan"
	"soakmon/soak/report"
)

func watchCommand(s streams) *cobra.Command {
	m := &monitorFlags{}
	f := &targetFlags{}
	var name string
	cmd := &cobra.Command{
		Use:   "watch (--pid N | --pidfile FILE | --listen HOST:PORT | -- COMMAND ARGS…)",
		Short: "Watch a server under the load it has, and give a verdict",
		Example: `  soak watch --pid 4711 --duration 1h
  soak watch --listen :443 --pprof http://127.0.0.1:6060/debug/pprof/ --duration 24h --interval 10s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(m.format, report.Formats...); err != nil {
				return err
			}
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("unexpected argument %q: name the process with --pid, --pidfile or --listen, or a command after --", args[0])
			}
			over := overlay{flags: cmd.Flags()}
			p := plan.New()
			f.target(&over, &p, args)
			if over.err != nil {
				return over.err
			}
			if !over.any("pid", "pidfile", "listen") && len(args) == 0 {
				return errors.New("what to watch? give --pid N, --pidfile FILE, --listen HOST:PORT, or -- COMMAND ARGS")
			}
			p.Name = name
			if err := plan.Complete(&p); err != nil {
				return err
			}
			return m.monitor(s, "watch", p)
		},
	}
	m.add(cmd)
	cmd.Flags().StringVar(&name, "name", "watch", "name of the run")
	f.add(cmd.Flags())
	return cmd
}
