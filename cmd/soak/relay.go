package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/relay"
)

// relayHello is what the relay says of itself on its file descriptor 3.
type relayHello struct {
	Links   []string `json:"links"` // HOST:PORT to use in the place of each target, in the order of the --link
	Pprof   string   `json:"pprof"`
	Metrics string   `json:"metrics"`
}

// relayCommand worsens the network between the driver and the server. As a child
// of soak run it says hello on file descriptor 3 and ends when its standard
// input does.
func relayCommand(s streams) *cobra.Command {
	var conditions string
	var links []string
	var seed uint64
	var child bool
	cmd := &cobra.Command{
		Use:     "relay",
		Short:   "Worsen the network on the way to a server (started by soak run)",
		Example: `  soak relay --conditions delay=20ms,jitter=5ms,loss=1% --link tcp/127.0.0.1:7000 --link udp/127.0.0.1:7000`,
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := relayConditions(conditions)
			if err != nil {
				return err
			}
			if len(links) == 0 {
				return errors.New("nothing to relay: give --link NETWORK/HOST:PORT, such as tcp/127.0.0.1:7000")
			}
			return relayLinks(s, c, links, seed, child)
		},
	}
	cmd.Flags().StringVar(&conditions, "conditions", "", conditionsHelp)
	cmd.Flags().StringArrayVar(&links, "link", nil, "what to relay, NETWORK/HOST:PORT; may be repeated")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "of what chance decides")
	cmd.Flags().BoolVar(&child, "child", false, "")
	_ = cmd.Flags().MarkHidden("child")
	return cmd
}

const conditionsHelp = "worsen the network on the way, such as delay=20ms,jitter=5ms,loss=1%,reorder=0.5%,rate=50Mbit,stall=1%,reset=1%; each way"

// relayConditions reads those of a command line; "" has none.
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

func relayLinks(s streams, c soak.Conditions, links []string, seed uint64, child bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	pages, err := serveDebug()
	if err != nil {
		return err
	}
	defer pages.close()
	hello := relayHello{Pprof: pages.pprof(), Metrics: pages.metrics()}
	for _, l := range links {
		network, target, ok := strings.Cut(l, "/")
		if !ok {
			return fmt.Errorf("--link %q: write NETWORK/HOST:PORT, such as tcp/127.0.0.1:7000", l)
		}
		r, err := relay.Start(ctx, relay.Options{Network: network, Target: target, Conditions: c, Seed: seed})
		if err != nil {
			return err
		}
		defer r.Close()
		hello.Links = append(hello.Links, r.Addr())
		if !child {
			fmt.Fprintf(s.out, "%s on %s leads to %s, %s · Ctrl-C ends it\n", network, r.Addr(), target, c)
		}
	}
	if child {
		if _, err := greet(hello); err != nil {
			return err
		}
		return untilGone(ctx, s.in)
	}
	<-ctx.Done()
	return nil
}

// readHello reads what a child says of itself.
func readHello(from io.Reader, hello any) error {
	return json.NewDecoder(io.LimitReader(from, 1<<20)).Decode(hello)
}
