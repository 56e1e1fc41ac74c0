package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"soakmon/soak/plan"
	"soakmon/soak/report"
	"soakmon/soak/runner"
)

func checkCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "check PLAN.yaml…",
		Short: "Check plans: all errors at once, with file and line",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			bad := 0
			for _, path := range args {
				p, _, err := runner.LoadPlan(path)
				if err != nil {
					fmt.Fprintln(s.err, err)
					bad++
					continue
				}
				fmt.Fprintf(s.out, "%s: %s, %s for %s\n", path, p.Name, report.TargetText(plan.Redact(p).Target), p.Duration)
			}
			if bad > 0 {
				return exitCode(2)
			}
			return nil
		},
	}
}
