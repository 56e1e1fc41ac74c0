package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/runner"
)

// relayCommand emulates network conditions between the driver and the server. As
// a child of soak run it says hello on file descriptor 3 and ends when its
// standard input does.
func relayCommand(s streams) *cobra.Command {
	var conditions string
	var links []string
	var seed uint64
	var child bool
	cmd := &cobra.Command{
		Use:     "relay",
		Short:   "Emulate network conditions in front of a server (started by soak run)",
		Example: `  soak relay --conditions delay=20ms,jitter=5ms,loss=1% --link tcp/127.0.0.1:7000 --link udp/127.0.0.1:7000`,
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := relayConditions(conditions)
			if err != nil {
				return err
			}
			if len(links) == 0 {
				return errors.New("no link: give --link NETWORK/HOST:PORT, such as tcp/127.0.0.1:7000")
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runner.Relay(ctx, runner.RelayOptions{Conditions: c, Links: links, Seed: seed, Child: child, In: s.in, Out: s.out})
		},
	}
	cmd.Flags().StringVar(&conditions, "conditions", "", conditionsHelp)
	cmd.Flags().StringArrayVar(&links, "link", nil, "relay to `NETWORK/HOST:PORT`; may be repeated")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "`SEED` for random loss, jitter and resets")
	cmd.Flags().BoolVar(&child, "child", false, "")
	_ = cmd.Flags().MarkHidden("child")
	return cmd
}

const conditionsHelp = "emulate network `CONDITIONS` in both directions, such as delay=20ms,jitter=5ms,loss=1%,reorder=0.5%,rate=50Mbit,stall=1%,reset=1%"

// relayConditions parses the conditions of a command line; "" means none.
func relayConditions(text string) (soak.Conditions, error) {
	if text == "" {
		return soak.Conditions{}, nil
	}
	c, err := plan.ParseConditions(text)
	if err != nil {
		err = fmt.Errorf("--conditions: %w", err)
	}
	return c, err
}
