package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/runner"
)

// serveCommand is the embedded reference server. As a child of soak run it says
// hello on file descriptor 3 and ends when its standard input does.
func serveCommand(s streams) *cobra.Command {
	var address, settings string
	var leaks []string
	var child bool
	cmd := &cobra.Command{
		Use:   "serve PROTOCOL[,PROTOCOL…]",
		Short: "Run the reference server of one or more protocols, with planted leaks on request",
		Example: `  soak serve tcp --address 127.0.0.1:7000
  soak serve tcp,hysteria2,ssh
  soak serve http --leak fd=2/s --leak heap=64KiB/s`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			planted, err := parseLeaks(leaks)
			if err != nil {
				return err
			}
			names := strings.Split(args[0], ",")
			addresses, all, err := serveSettings(len(names), address, settings)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return runner.Serve(ctx, runner.ServeOptions{
				Protocols: names, Addresses: addresses, Options: all, Leaks: planted,
				Child: child, In: s.in, Out: s.out, Log: s.err,
			})
		},
	}
	cmd.Flags().StringVar(&address, "address", runner.AnyPort, "listen on `HOST:PORT`, one for each protocol, separated by commas; port 0 takes a free port")
	cmd.Flags().StringArrayVar(&leaks, "leak", nil, leakHelp)
	cmd.Flags().BoolVar(&child, "child", false, "")
	cmd.Flags().StringVar(&settings, "options", "", "options of the protocol, as `JSON`")
	_ = cmd.Flags().MarkHidden("child")
	_ = cmd.Flags().MarkHidden("options")
	return cmd
}

const leakHelp = "plant a leak, as `KIND=RATE`: KIND is fd, goroutine, heap, thread or child, RATE such as 2/s, 64KiB/h, 1/100op or 1/10dirty (tcp only: abnormal ends of sessions); may be repeated"

func parseLeaks(texts []string) (leaks []soak.Leak, err error) {
	for _, text := range texts {
		l, err := plan.ParseLeak(text)
		if err != nil {
			return nil, fmt.Errorf("--leak %s: %w", text, err)
		}
		leaks = append(leaks, l)
	}
	return leaks, nil
}

// serveSettings are the address and the options of each of the protocols.
func serveSettings(n int, address, settings string) (addresses []string, all []soak.Options, err error) {
	addresses = strings.Split(address, ",")
	if address == runner.AnyPort {
		addresses = slices.Repeat(addresses, n)
	}
	if len(addresses) != n {
		return nil, nil, fmt.Errorf("--address %s: give one for each of the %d protocols, separated by commas", address, n)
	}
	if settings != "" {
		return addresses, slices.Repeat([]soak.Options{{JSON: []byte(settings)}}, n), nil
	}
	all, err = runner.GivenOptions(n)
	return addresses, all, err
}
