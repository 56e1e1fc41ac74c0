package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/protocol"
)

// The names of what is always there.
const (
	builtin   = "builtin" // server
	ownClient = "soak"

	directProtocol = "tcp"
	relayProtocol  = "tcp_relay"
)

// starter starts a server for one protocol; destination is what stands behind a
// proxy.
type starter func(ctx context.Context) (*benchServer, error)

// contenders starts all that is to be measured: direct TCP and the relay first.
func (b *benchJob) contenders(ctx context.Context) ([]bench.Contender, error) {
	destination, err := startEmbedded(ctx, directProtocol, "", soak.Options{})
	if err != nil {
		return nil, err
	}
	b.later(destination.Close)
	b.destination = destination.load.Address
	b.bounds = bench.DefaultBounds
	behind, err := jsonOptions("destination", b.destination)
	if err != nil {
		return nil, err
	}
	all := []bench.Contender{}
	for _, base := range []struct {
		name, protocol string
		serving        soak.Options
	}{{bench.Direct, directProtocol, soak.Options{}}, {bench.Relay, relayProtocol, behind}} {
		c, err := b.contender(ctx, bench.Subject{Name: base.name, Protocol: base.protocol, Server: builtin, Client: ownClient},
			func(ctx context.Context) (*benchServer, error) {
				return startEmbedded(ctx, base.protocol, "", base.serving)
			}, true)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if b.baseline {
		return b.withIperf(ctx, all)
	}
	for _, server := range b.servers {
		more, err := b.serve(ctx, server)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// serve makes the contenders of one server.
func (b *benchJob) serve(ctx context.Context, server string) (all []bench.Contender, err error) {
	switch {
	case server == builtin:
		for _, name := range b.chosen() {
			subject := bench.Subject{Name: b.title(name, builtin, ownClient), Protocol: name, Server: builtin, Client: ownClient}
			c, err := b.contender(ctx, subject, func(ctx context.Context) (*benchServer, error) {
				return startEmbedded(ctx, name, b.destination, soak.Options{})
			}, true)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
		return all, nil
	case isPlan(server):
		return b.servePlan(ctx, server)
	default:
		return b.serveProgram(ctx, server)
	}
}

// chosen are the protocols to measure: those that carry streams, but for the two
// that all are compared with.
func (b *benchJob) chosen() (names []string) {
	if len(b.protocols) > 0 {
		return b.protocols
	}
	for _, name := range protocol.Names() {
		p, _ := protocol.Lookup(name)
		if slices.Contains(p.Networks, "tcp") && name != directProtocol && name != relayProtocol {
			names = append(names, name)
		}
	}
	return names
}

// title names a row; it says of server and client what needs saying.
func (b *benchJob) title(protocolName, server, client string) string {
	parts := []string{protocolName}
	if len(b.servers) > 1 || server != builtin {
		parts = append(parts, "at "+server)
	}
	if len(b.clients) > 1 || client != ownClient {
		parts = append(parts, "by "+client)
	}
	return strings.Join(parts, " ")
}

// contender starts a server and a client. Where another server can be started,
// memory is measured on fresh ones.
func (b *benchJob) contender(ctx context.Context, subject bench.Subject, start starter, again bool) (bench.Contender, error) {
	reach := func(ctx context.Context) (bench.Server, error) {
		s, err := start(ctx)
		if err != nil {
			return nil, err
		}
		return s, b.worsen(ctx, s)
	}
	server, err := reach(ctx)
	if server != nil {
		b.later(server.Close)
	}
	if err != nil {
		return bench.Contender{}, fmt.Errorf("%s: %w", subject.Name, err)
	}
	client, err := startBenchClient(ctx, b.streams.err)
	if err != nil {
		return bench.Contender{}, err
	}
	b.later(func() error { client.stop(); return nil })
	p, _ := protocol.Lookup(subject.Protocol)
	c := bench.Contender{Subject: subject, Client: client, Server: server, Streams: p.Dial != nil, Shared: hasOption(p, "connections")}
	if again {
		c.Fresh = reach
	}
	return c, nil
}

func hasOption(p protocol.Protocol, key string) bool {
	return slices.ContainsFunc(p.Options, func(o protocol.Option) bool { return o.Key == key })
}

func isPlan(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
