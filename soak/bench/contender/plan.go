package contender

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// servePlan measures the loads of a plan at its target, whatever their rates.
// The target is there once: its memory is measured before all else.
func (b *Set) servePlan(ctx context.Context, path string) ([]bench.Contender, error) {
	p, target, err := startPlan(ctx, path, program{})
	if err != nil {
		return nil, err
	}
	return b.serveLoads(ctx, p.Name, p, target, nil)
}

// serveProgram measures a real server, with configuration and keys of our making.
func (b *Set) serveProgram(ctx context.Context, server string) ([]bench.Contender, error) {
	which := parseProgram(server)
	p, target, err := b.startSetup(ctx, which)
	if err != nil {
		return nil, fmt.Errorf("--servers %s: %w", server, err)
	}
	again := func(name string) starter {
		return func(ctx context.Context) (*serverProcess, error) {
			p, target, err := b.startSetup(ctx, which)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(p.Load, func(w soak.Workload) bool { return w.Name == name })
			w, err := b.forBench(p.Load[i])
			return &serverProcess{target: target, load: w}, err
		}
	}
	return b.serveLoads(ctx, which.label(), p, target, again)
}

// serveLoads makes a contender of each load that carries streams, and of each
// client. again starts the server of a load anew; it may be nil.
func (b *Set) serveLoads(ctx context.Context, server string, p soak.Plan, target *supervise.Target, again func(load string) starter) (all []bench.Contender, err error) {
	b.later(func() error { return target.Close(context.Background()) })
	maps.Copy(b.Bounds, p.Bench)
	for _, w := range p.Load {
		if w.Network == "udp" || len(b.config.Protocols) > 0 && !slices.Contains(b.config.Protocols, w.Protocol) && !slices.Contains(b.config.Protocols, w.Name) {
			continue
		}
		if w, err = b.forBench(w); err != nil {
			return nil, fmt.Errorf("%s: load %s: %w", server, w.Name, err)
		}
		place := place{name: w.Name, protocol: w.Protocol, server: server, start: func(context.Context) (*serverProcess, error) {
			return &serverProcess{target: target, load: w}, nil
		}}
		if again != nil {
			place.again = again(w.Name)
		}
		more, err := b.at(ctx, place)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: none of its loads is of a protocol that was asked for and carries streams", server)
	}
	return all, nil
}

// forBench leaves of a load what says where and how to connect.
func (b *Set) forBench(w soak.Workload) (soak.Workload, error) {
	_, rest, err := options.Split(w.Options, "mode")
	if err != nil {
		return w, err
	}
	w.Options, w.Dirty, w.PerSession = rest, nil, 0
	if p, ok := protocol.Lookup(w.Protocol); ok && p.Proxy && w.Destination == "" {
		w.Destination = b.destination
	}
	return w, nil
}
