package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"soakmon/soak"
	"soakmon/soak/relay"
)

// RelayOptions say what the relay forwards, and under which conditions.
type RelayOptions struct {
	Conditions soak.Conditions
	Links      []string // what to relay: NETWORK/HOST:PORT
	Seed       uint64   // for random loss, jitter and resets
	Child      bool     // a child of the monitor: says hello on file descriptor 3, ends with In
	In         io.Reader
	Out        io.Writer
}

// relayHello is what the relay says of itself on its file descriptor 3.
type relayHello struct {
	Links   []string `json:"links"` // HOST:PORT to use in the place of each target, in the order of the --link
	Pprof   string   `json:"pprof"`
	Metrics string   `json:"metrics"`
}

// Relay emulates network conditions between the driver and the server until ctx
// ends or, as a child, until In ends.
func Relay(ctx context.Context, o RelayOptions) error {
	pages, err := ServeDebug()
	if err != nil {
		return err
	}
	defer pages.Close()
	hello := relayHello{Pprof: pages.Pprof(), Metrics: pages.Metrics()}
	for _, l := range o.Links {
		network, target, ok := strings.Cut(l, "/")
		if !ok {
			return fmt.Errorf("--link %q: write NETWORK/HOST:PORT, such as tcp/127.0.0.1:7000", l)
		}
		r, err := relay.Start(ctx, relay.Options{Network: network, Target: target, Conditions: o.Conditions, Seed: o.Seed})
		if err != nil {
			return err
		}
		defer r.Close()
		hello.Links = append(hello.Links, r.Addr())
		if !o.Child {
			fmt.Fprintf(o.Out, "%s on %s leads to %s, %s · Ctrl-C ends it\n", network, r.Addr(), target, o.Conditions)
		}
	}
	if o.Child {
		if _, err := greet(hello); err != nil {
			return err
		}
		return untilGone(ctx, o.In)
	}
	<-ctx.Done()
	return nil
}

// readHello reads what a child says of itself.
func readHello(from io.Reader, hello any) error {
	return json.NewDecoder(io.LimitReader(from, 1<<20)).Decode(hello)
}
