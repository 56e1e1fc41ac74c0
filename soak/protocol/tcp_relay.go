package protocol

import (
	"context"
	"errors"
	"net"

	"soakmon/soak"
	"soakmon/soak/load"
)

func init() {
	register(Protocol{
		Name:      "tcp_relay",
		Help:      "plain TCP through a relay that adds nothing: what any proxy pays at least",
		Networks:  []string{"tcp"},
		Transport: overTCP,
		Dirty:     load.DirtyKinds,
		settings:  &relayOptions{},
		Dial:      dialTCPRelay,
		prepare:   prepareTCPRelay,
	})
}

// relayOptions are those of the server; a client has none.
type relayOptions struct {
	Destination string
}

func (o *relayOptions) schema() []Option {
	return []Option{option("destination", &o.Destination, SideServer, "", "HOST:PORT that the reference server relays to; by default an echo server that it starts")}
}

func dialTCPRelay(w soak.Workload) (load.Dialer, error) {
	if err := decode(w.Options, &relayOptions{}); err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	return tcpDialer(w.Address), nil
}

// tcpRelay is a relay with the destination of its own, if it has one.
type tcpRelay struct {
	*streamServer
	behind *streamServer
}

func prepareTCPRelay(o ServeOptions) (prepared, error) {
	var relay relayOptions
	err := decode(o.Options, &relay)
	return prepared{listen: func(ctx context.Context) (Server, error) { return serveTCPRelay(ctx, o, relay) }}, err
}

func serveTCPRelay(ctx context.Context, o ServeOptions, relay relayOptions) (Server, error) {
	s := &tcpRelay{}
	if relay.Destination == "" {
		var err error
		if s.behind, err = serveStream(ctx, "127.0.0.1:0", soak.Options{}, load.NewDestination(nil).Serve); err != nil {
			return nil, err
		}
		relay.Destination = s.behind.Addr()
	}
	out := newOutbound(o.OnOperation)
	var err error
	s.streamServer, err = serveStream(ctx, o.Address, soak.Options{}, func(client net.Conn) {
		destination, err := out.dial(ctx, relay.Destination)
		if err != nil {
			client.Close()
			return
		}
		out.relay(client, destination)
	})
	if err != nil && s.behind != nil {
		err = errors.Join(err, s.behind.Close())
	}
	return s, err
}

// Close implements [Server].
func (s *tcpRelay) Close() error {
	err := s.streamServer.Close()
	if s.behind != nil {
		err = errors.Join(err, s.behind.Close())
	}
	return err
}
