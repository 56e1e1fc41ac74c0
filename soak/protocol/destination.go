package protocol

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"soakmon/soak"
	"soakmon/soak/load"
)

// Destinations are the servers behind the proxies of loads that name no
// destination: the reference server of tcp or udp, on loopback. The zero value
// is ready; a server is started when the first load needs it.
type Destinations struct {
	mu      sync.Mutex
	servers map[string]Server // by network
}

// Open is [Open], with a destination where the protocol needs one and the
// workload names none.
func (d *Destinations) Open(w soak.Workload) (load.Opener, error) {
	if p, ok := Lookup(w.Protocol); ok && p.Proxy && w.Destination == "" {
		if w.Network == "" {
			w.Network = p.Networks[0]
		}
		var err error
		if w.Destination, err = d.address(w.Network); err != nil {
			return nil, err
		}
	}
	return Open(w)
}

func (d *Destinations) address(network string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.servers[network]; ok {
		return s.Addr(), nil
	}
	p, ok := Lookup(network)
	if !ok {
		return "", fmt.Errorf("there is no destination for network %q", network)
	}
	s, err := p.Serve(context.Background(), ServeOptions{Address: "127.0.0.1:0"})
	if err != nil {
		return "", fmt.Errorf("destination: %w", err)
	}
	if d.servers == nil {
		d.servers = map[string]Server{}
	}
	d.servers[network] = s
	return s.Addr(), nil
}

// Close ends the servers.
func (d *Destinations) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	for _, s := range d.servers {
		err = errors.Join(err, s.Close())
	}
	d.servers = nil
	return err
}
