package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/protocol"
)

// The names of what is always there.
const (
	builtin        = "builtin" // server
	directProtocol = "tcp"
	relayProtocol  = "tcp_relay"
)

// starter starts a server, or gives one that runs.
type starter func(ctx context.Context) (*benchServer, error)

// place is where contenders are measured: one protocol at one server.
type place struct {
	name, protocol, server string
	start                  starter
	again                  starter // another one, for memory; nil where there can be none
}

// contenders starts all that is to be measured: direct TCP and the relay first.
func (b *benchJob) contenders(ctx context.Context) ([]bench.Contender, error) {
	destination, err := startEmbedded(ctx, directProtocol, "", soak.Options{})
	if err != nil {
		return nil, err
	}
	b.later(destination.Close)
	b.destination, b.bounds = destination.load.Address, maps.Clone(bench.DefaultBounds)
	behind, err := jsonOptions("destination", b.destination)
	if err != nil {
		return nil, err
	}
	all := []bench.Contender{}
	for _, base := range []struct {
		name, protocol string
		serving        soak.Options
	}{{bench.Direct, directProtocol, soak.Options{}}, {bench.Relay, relayProtocol, behind}} {
		start := func(ctx context.Context) (*benchServer, error) {
			return startEmbedded(ctx, base.protocol, "", base.serving)
		}
		c, err := b.contender(ctx, base.name, bench.OwnClient, place{name: base.protocol, protocol: base.protocol, server: builtin, start: start, again: start})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", base.name, err)
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
	case isPlan(server):
		return b.servePlan(ctx, server)
	case server != builtin:
		return b.serveProgram(ctx, server)
	}
	for _, name := range b.chosen() {
		start := func(ctx context.Context) (*benchServer, error) {
			return startEmbedded(ctx, name, b.destination, soak.Options{})
		}
		more, err := b.at(ctx, place{name: name, protocol: name, server: builtin, start: start, again: start})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
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

// at makes the contenders of one place, one for each client.
func (b *benchJob) at(ctx context.Context, p place) (all []bench.Contender, _ error) {
	for _, client := range b.clients {
		name := b.title(p, client)
		c, err := b.contender(ctx, name, client, p)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil { // the others can be measured all the same
			c = bench.Contender{Subject: bench.Subject{Name: name, Load: p.name, Protocol: p.protocol, Server: p.server, Client: client}, Broken: err}
		}
		all = append(all, c)
	}
	return all, nil
}

// title names a row; it says of server and client what needs saying.
func (b *benchJob) title(p place, client string) string {
	parts := []string{p.name}
	if len(b.servers) > 1 || p.server != builtin {
		parts = append(parts, "at "+p.server)
	}
	if len(b.clients) > 1 || client != bench.OwnClient {
		parts = append(parts, "by "+client)
	}
	return strings.Join(parts, " ")
}

// contender starts a server and a client.
func (b *benchJob) contender(ctx context.Context, name, client string, p place) (bench.Contender, error) {
	subject := bench.Subject{Name: name, Load: p.name, Protocol: p.protocol, Server: p.server, Client: client}
	server, err := b.reach(ctx, p.start)
	if err != nil {
		return bench.Contender{}, err
	}
	b.later(server.Close)
	if client != bench.OwnClient {
		return b.foreign(ctx, subject, server)
	}
	speaker, err := b.client(ctx)
	if err != nil {
		return bench.Contender{}, err
	}
	spoken, _ := protocol.Lookup(p.protocol)
	c := bench.Contender{Subject: subject, Client: speaker, Server: server, Streams: spoken.Dial != nil, Shared: spoken.HasOption("connections")}
	if p.again != nil {
		c.Fresh = func(ctx context.Context) (bench.Server, error) { return b.reach(ctx, p.again) }
	}
	return c, nil
}

// client starts a client process, which is ended in the end.
func (b *benchJob) client(ctx context.Context, beside ...soak.Process) (*benchClient, error) {
	c, err := startBenchClient(ctx, b.streams.err, beside...)
	if err == nil {
		b.later(func() error { c.stop(); return nil })
	}
	return c, err
}

// reach starts a server with the network's conditions before it.
func (b *benchJob) reach(ctx context.Context, start starter) (*benchServer, error) {
	s, err := start(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.worsen(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func isPlan(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
