// Package contender starts what a bench measures: reference servers, real
// servers and the targets of plans, each with a client and the network
// conditions between them.
//
//	destination ◀── server (a process each) ◀── [relay] ◀── client (a process each)
//
// Direct TCP and a plain TCP relay always come first, as the baselines.
package contender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/protocol"
	"soakmon/soak/runner"
)

// The names of what is always there.
const (
	Builtin        = "Builtin" // server
	directProtocol = "tcp"
	relayProtocol  = "tcp_relay"
)

// starter starts a server, or gives one that runs.
type starter func(ctx context.Context) (*serverProcess, error)

// place is where contenders are measured: one protocol at one server.
type place struct {
	name, protocol, server string
	start                  starter
	again                  starter // another one, for memory; nil where there can be none
}

// Config says what to measure.
type Config struct {
	Protocols []string         // empty: all that carry streams
	Servers   []string         // [Builtin], a server of soak init, NAME=PATH, or a plan file
	Clients   []string         // [bench.OwnClient], a program, or NAME=PATH
	Baseline  bool             // only the baselines
	Network   *soak.Conditions // between clients and servers; nil: none
	Log       io.Writer        // what the processes write
}

// Check refuses names that are unknown.
func (c Config) Check() error {
	for _, name := range c.Protocols {
		if _, ok := protocol.Lookup(name); !ok {
			return runner.UnknownProtocol(name)
		}
	}
	for _, client := range c.Clients {
		if _, ok := foreignClients[parseProgram(client).name]; !ok && client != bench.OwnClient {
			return fmt.Errorf("--clients %s: unknown client; there are %s and %q", client, bench.OwnClient, slices.Sorted(maps.Keys(foreignClients)))
		}
	}
	return nil
}

// Set is the contenders of a bench while they run.
type Set struct {
	Contenders []bench.Contender      // the baselines first
	Bounds     map[string]soak.Bounds // by protocol: the default, and those of plans

	config      Config
	destination string // HOST:PORT behind proxies
	closers     []func() error
}

// Start starts all that is to be measured. A contender that does not start is
// part of the set, with the reason.
func Start(ctx context.Context, c Config) (*Set, error) {
	b := &Set{config: c, Bounds: maps.Clone(bench.DefaultBounds)}
	var err error
	if b.Contenders, err = b.contenders(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close ends all processes and removes what they needed.
func (b *Set) Close() error {
	var errs []error
	for _, c := range slices.Backward(b.closers) {
		errs = append(errs, c())
	}
	b.closers = nil
	return errors.Join(errs...)
}

// later registers what Close does.
func (b *Set) later(close func() error) { b.closers = append(b.closers, close) }

// contenders starts all that is to be measured: direct TCP and the relay first.
func (b *Set) contenders(ctx context.Context) ([]bench.Contender, error) {
	destination, err := startEmbedded(ctx, directProtocol, "", soak.Options{})
	if err != nil {
		return nil, err
	}
	b.later(destination.Close)
	b.destination = destination.load.Address
	behind, err := jsonOptions("destination", b.destination)
	if err != nil {
		return nil, err
	}
	all := []bench.Contender{}
	for _, base := range []struct {
		name, protocol string
		serving        soak.Options
	}{{bench.Direct, directProtocol, soak.Options{}}, {bench.Relay, relayProtocol, behind}} {
		start := func(ctx context.Context) (*serverProcess, error) {
			return startEmbedded(ctx, base.protocol, "", base.serving)
		}
		c, err := b.contender(ctx, base.name, bench.OwnClient, place{name: base.protocol, protocol: base.protocol, server: Builtin, start: start, again: start})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", base.name, err)
		}
		all = append(all, c)
	}
	if b.config.Baseline {
		return b.withIperf(ctx, all)
	}
	for _, server := range b.config.Servers {
		more, err := b.serve(ctx, server)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// serve makes the contenders of one server.
func (b *Set) serve(ctx context.Context, server string) (all []bench.Contender, err error) {
	switch {
	case isPlan(server):
		return b.servePlan(ctx, server)
	case server != Builtin:
		return b.serveProgram(ctx, server)
	}
	for _, name := range b.chosen() {
		start := func(ctx context.Context) (*serverProcess, error) {
			return startEmbedded(ctx, name, b.destination, soak.Options{})
		}
		more, err := b.at(ctx, place{name: name, protocol: name, server: Builtin, start: start, again: start})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// chosen are the protocols to measure: those that carry streams, but for the two
// that all are compared with.
func (b *Set) chosen() (names []string) {
	if len(b.config.Protocols) > 0 {
		return b.config.Protocols
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
func (b *Set) at(ctx context.Context, p place) (all []bench.Contender, _ error) {
	for _, client := range b.config.Clients {
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
func (b *Set) title(p place, client string) string {
	parts := []string{p.name}
	if len(b.config.Servers) > 1 || p.server != Builtin {
		parts = append(parts, "at "+p.server)
	}
	if len(b.config.Clients) > 1 || client != bench.OwnClient {
		parts = append(parts, "by "+client)
	}
	return strings.Join(parts, " ")
}

// contender starts a server and a client.
func (b *Set) contender(ctx context.Context, name, client string, p place) (bench.Contender, error) {
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
func (b *Set) client(ctx context.Context, beside ...soak.Process) (*clientProcess, error) {
	c, err := startClient(ctx, b.config.Log, beside...)
	if err == nil {
		b.later(func() error { c.stop(); return nil })
	}
	return c, err
}

// reach starts a server with the network's conditions before it.
func (b *Set) reach(ctx context.Context, start starter) (*serverProcess, error) {
	s, err := start(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.impair(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func isPlan(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
