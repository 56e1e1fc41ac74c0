package relay

import (
	"context"
	"fmt"
	"io"

	"soakmon/soak"
)

// Relay is one listening port that leads to one target.
type Relay struct {
	addr string
	io.Closer
}

// Addr is the HOST:PORT to use in the target's place.
func (r *Relay) Addr() string { return r.addr }

// Options are what to relay, and how.
type Options struct {
	Network    string // "tcp" or "udp"
	Listen     string // HOST:PORT; a free port on loopback where it is ""
	Target     string // HOST:PORT
	Conditions soak.Conditions
	Seed       uint64 // of the random decisions
}

// Start begins to relay; Close ends it, with all connections.
func Start(ctx context.Context, o Options) (*Relay, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	out, back := newLink(o.Conditions, o.Seed, 0), newLink(o.Conditions, o.Seed, 1)
	switch o.Network {
	case "tcp":
		return startTCP(ctx, o, out, back)
	case "udp":
		return startUDP(ctx, o, out, back)
	}
	return nil, fmt.Errorf("relay: invalid network %q: use tcp or udp", o.Network)
}
