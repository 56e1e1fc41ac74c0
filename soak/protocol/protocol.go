// Package protocol holds the protocols that a load can speak: one file each,
// with the client's side and the reference server, the control of every soak.
//
// A protocol that gives connections to a destination registers a Dial and gets
// echo, verified bulk transfers and dirty sessions through load.Conns. One that
// has requests of its own registers an Open. Both register a schema of their
// options, which decoding, checks and help are made from, and how a reference
// server is prepared before it listens. Nothing is sent before a session is
// opened: [Check] checks the load of a plan without a connection or a server.
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
	Dirty    []string // kinds of dirty sessions
	BadEnds  bool     // its server sees which sessions end badly
	Options  []Option // all that loads on its networks can set; made by the registry
	Variants []string // JSON of options, the default's left out: the conformance test runs with each of them as well

	// Transport is what the server listens on, "tcp" or "udp", whatever the
	// network of a workload. It may depend on the workload's options.
	Transport func(o soak.Options) string

	// settings are the options of client and server, without those of load.Conns.
	settings optionSet

	// Dial makes the dialer of a protocol that gives connections. Its options
	// are without those of load.Conns. With the network "udp" among its Networks
	// it is a [load.PacketDialer] as well, which load.Packets makes sessions of.
	Dial func(w soak.Workload) (load.Dialer, error)
	// Open makes the opener of a load. It sends nothing; an error is one of the
	// plan. It is set by the registry where Dial is.
	Open func(w soak.Workload) (load.Opener, error)
	// Serve starts the reference server, which runs until it is closed or ctx is
	// done. It is set by the registry, from prepare.
	Serve func(ctx context.Context, o ServeOptions) (Server, error)

	// prepare checks the options of a reference server and makes all that it
	// needs before it listens.
	prepare func(o ServeOptions) (prepared, error)
	schema  []Option // Options, and those of other networks
}

// prepared is a reference server that does not listen yet.
type prepared struct {
	client soak.Options // what a client needs to know, as [Server.Options]
	listen func(ctx context.Context) (Server, error)
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
	Options() soak.Options // what a client needs to know: certificates, keys; for options.Merge under a plan's own
	Close() error          // ends its connections as well, and returns when they are gone
}

var registry = map[string]Protocol{}

// register adds a protocol, in a file's init.
func register(p Protocol) {
	if _, ok := registry[p.Name]; ok {
		panic("protocol " + p.Name + " is registered twice")
	}
	p.schema = p.settings.schema()
	p.Options = slices.Clip(p.schema)
	if p.Dial != nil {
		conns := new(connOptions).schema()
		p.schema = append(slices.Clip(p.schema), conns...)
		for i, network := range []string{networkTCP, networkUDP} { // mode is for streams, lost_after for datagrams
			if slices.Contains(p.Networks, network) {
				p.Options = append(p.Options, conns[i])
			}
		}
		if slices.Contains(p.Networks, networkTCP) {
			p.Variants = append(p.Variants, streamVariants...)
		}
		p.Open = func(w soak.Workload) (load.Opener, error) { return openConns(p, w) }
	}
	prepare := p.prepare
	p.prepare = func(o ServeOptions) (ready prepared, err error) {
		o.Seed = cmp.Or(o.Seed, rand.Text())
		if o.Options, err = p.serverOptions(o.Options); err != nil {
			return ready, err
		}
		return prepare(o)
	}
	p.Serve = func(ctx context.Context, o ServeOptions) (Server, error) {
		ready, err := p.prepare(o)
		if err != nil {
			return nil, err
		}
		return ready.listen(ctx)
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

// Check opens a load without sending anything, so that an error is one of the
// plan. embedded says that a load which names no address gets a reference server:
// what that would give a client is taken from one that is prepared and does not
// listen.
func Check(w soak.Workload, embedded bool) error {
	p, ok := Lookup(w.Protocol)
	if ok && embedded && w.Address == "" && w.URL == "" {
		ready, err := p.prepare(ServeOptions{Address: nowhere, Options: w.Options})
		if err != nil {
			return err
		}
		if w.Options, err = options.Merge(w.Options, ready.client); err != nil {
			return err
		}
	}
	if w.URL == "" {
		w.Address = cmp.Or(w.Address, nowhere)
	}
	w.Destination = cmp.Or(w.Destination, nowhere)
	opener, err := Open(w)
	if err != nil {
		return err
	}
	return opener.Close()
}

// nowhere is an address to check a load with before its own is known.
const nowhere = "127.0.0.1:1"

// Transport is what a load's connections to its server use: "tcp" or "udp".
func Transport(w soak.Workload) string {
	p, ok := Lookup(w.Protocol)
	if !ok {
		return networkTCP
	}
	return p.Transport(w.Options)
}

func overTCP(soak.Options) string { return networkTCP }
func overUDP(soak.Options) string { return networkUDP }

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
