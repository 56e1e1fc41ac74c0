// Package protocol holds the protocols that a load can speak: one file each,
// with the client's side and the reference server, the control of every soak.
//
// A protocol that gives connections to a destination registers a Dial and gets
// echo, verified bulk transfers and dirty sessions through load.Conns. One that
// has requests of its own registers an Open. Their options are decoded strictly
// and nothing is sent before a session is opened, so opening a load checks its
// plan.
//
// The reference servers are as steady as can be: buffers are reused and nothing
// grows with operations, so what grows is a leak, planted or real.
package protocol

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
)

// Protocol is one entry of the registry.
type Protocol struct {
	Name     string
	Help     string   // one sentence
	Networks []string // that a workload may ask for, the default first: "tcp" for streams, "udp" for datagrams
	Proxy    bool     // its connections go to the workload's destination, behind the server
	UDP      bool     // its server listens on a UDP port, whatever the network of a workload
	Dirty    []string // kinds of dirty sessions
	BadEnds  bool     // its server sees which sessions end badly
	Options  []Option // keys of a workload's options
	Variants []string // JSON of options, the default's left out: the conformance test runs with each of them as well

	// Dial makes the dialer of a protocol that gives connections. Its options
	// are without those of load.Conns. With the network "udp" among its Networks
	// it is a [load.PacketDialer] as well, which load.Packets makes sessions of.
	Dial func(w soak.Workload) (load.Dialer, error)
	// Open makes the opener of a load. It sends nothing; an error is one of the
	// plan. It is set by the registry where Dial is.
	Open func(w soak.Workload) (load.Opener, error)
	// Serve starts the reference server, which runs until it is closed or ctx is
	// done.
	Serve func(ctx context.Context, o ServeOptions) (Server, error)
}

// Option describes one key of a protocol's options.
type Option struct {
	Key  string
	Help string // with the values it takes and its default
}

// ServeOptions are what a reference server is started with.
type ServeOptions struct {
	Address     string       // HOST:PORT to listen on; port 0 picks one
	OnOperation func()       // called after each operation, from many goroutines; may be nil
	OnBadEnd    func()       // called for each session that its client ends badly, from many goroutines, where the protocol has BadEnds; may be nil
	Options     soak.Options // those of the load will do: what is a client's only is ignored
	Seed        string       // all keys and credentials that Options leave out are derived from it: a secret; "" takes a random one
}

// Server is a reference server that runs.
type Server interface {
	Addr() string          // HOST:PORT it listens on
	Options() soak.Options // what a client must be told: certificates, keys; for options.Merge under a plan's own
	Close() error          // ends its connections as well, and returns when they are gone
}

var registry = map[string]Protocol{}

// register adds a protocol, in a file's init.
func register(p Protocol) {
	if _, ok := registry[p.Name]; ok {
		panic("protocol " + p.Name + " is registered twice")
	}
	if p.Dial != nil {
		if slices.Contains(p.Networks, networkTCP) {
			p.Options = append(p.Options, streamOption)
			p.Variants = append(p.Variants, streamVariants...)
		}
		if slices.Contains(p.Networks, networkUDP) {
			p.Options = append(p.Options, packetOption)
		}
		p.Open = func(w soak.Workload) (load.Opener, error) { return openConns(p, w) }
		serve := p.Serve
		p.Serve = func(ctx context.Context, o ServeOptions) (Server, error) {
			_, rest, err := options.Split(o.Options, connKeys...)
			if err != nil {
				return nil, err
			}
			o.Options = rest
			return serve(ctx, o)
		}
	}
	serve := p.Serve
	p.Serve = func(ctx context.Context, o ServeOptions) (Server, error) {
		o.Seed = cmp.Or(o.Seed, rand.Text())
		return serve(ctx, o)
	}
	open := p.Open
	p.Open = func(w soak.Workload) (load.Opener, error) {
		if err := p.check(&w); err != nil {
			return nil, err
		}
		return open(w)
	}
	registry[p.Name] = p
}

// Lookup finds a protocol by its name.
func Lookup(name string) (Protocol, bool) {
	p, ok := registry[name]
	return p, ok
}

// Names are the names of all protocols, sorted.
func Names() []string { return slices.Sorted(maps.Keys(registry)) }

// Open makes the opener of a load of any protocol. It sends nothing.
func Open(w soak.Workload) (load.Opener, error) {
	p, ok := Lookup(w.Protocol)
	if !ok {
		return nil, fmt.Errorf("unknown protocol %q; known: %q", w.Protocol, Names())
	}
	return p.Open(w)
}

// check refuses what the protocol does not offer.
func (p Protocol) check(w *soak.Workload) error {
	if w.Network == "" {
		w.Network = p.Networks[0]
	}
	if !slices.Contains(p.Networks, w.Network) {
		return fmt.Errorf("protocol %s has no network %q; it has %q", p.Name, w.Network, p.Networks)
	}
	if p.Proxy && w.Destination == "" {
		return fmt.Errorf("protocol %s needs a destination behind the server", p.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(w.Dirty)) {
		if !slices.Contains(p.Dirty, kind) {
			return fmt.Errorf("protocol %s has no dirty sessions of kind %q; it has %q", p.Name, kind, p.Dirty)
		}
	}
	return nil
}
