package main

import (
	"context"
	"fmt"
	"slices"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// servePlan measures the loads of a plan at its target, whatever their rates.
func (b *benchJob) servePlan(ctx context.Context, path string) (all []bench.Contender, err error) {
	p, _, err := loadPlan(path)
	if err != nil {
		return nil, err
	}
	target, err := supervise.NewTarget(ctx, p.Target, supervise.TargetOptions{Serve: serveArgs(p), Secrets: p.Secrets})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b.later(func() error { return target.Close(context.Background()) })
	if err := aim(&p, target); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, w := range p.Load {
		if w.Network == "udp" || len(b.protocols) > 0 && !slices.Contains(b.protocols, w.Protocol) {
			continue
		}
		if w, err = b.forBench(w); err != nil {
			return nil, fmt.Errorf("%s: load %s: %w", path, w.Name, err)
		}
		subject := bench.Subject{Name: b.title(w.Name, p.Name, ownClient), Protocol: w.Protocol, Server: p.Name, Client: ownClient}
		c, err := b.contender(ctx, subject, func(context.Context) (*benchServer, error) {
			return &benchServer{target: target, load: w}, nil
		}, false)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: none of its loads is of a protocol that was asked for and carries streams", path)
	}
	return all, nil
}

// forBench leaves of a load what says where and how to connect.
func (b *benchJob) forBench(w soak.Workload) (soak.Workload, error) {
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
