package protocol

import (
	"context"
	"fmt"
	"net"

	"soakmon/soak"
	"soakmon/soak/load"
)

func init() {
	register(Protocol{
		Name:      "tcp",
		Help:      "plain TCP to any echo server, or verified bulk transfers to the reference server",
		Networks:  []string{"tcp"},
		Transport: overTCP,
		Dirty:     load.DirtyKinds,
		BadEnds:   true,
		settings:  &noOptions{},
		Dial:      dialTCP,
		prepare:   prepareTCP,
	})
}

func dialTCP(w soak.Workload) (load.Dialer, error) {
	if err := decode(w.Options, &noOptions{}); err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	return tcpDialer(w.Address), nil
}

// checkAddress wants a HOST:PORT.
func checkAddress(w soak.Workload) error {
	if w.URL != "" {
		return fmt.Errorf("protocol %s takes an address, not the url %q", w.Protocol, w.URL)
	}
	if _, port, err := net.SplitHostPort(w.Address); err != nil || port == "" {
		return fmt.Errorf("address %q is not HOST:PORT", w.Address)
	}
	return nil
}

type tcpDialer string

func (a tcpDialer) Dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", string(a))
}

func (tcpDialer) Close() error { return nil }

func prepareTCP(o ServeOptions) (prepared, error) {
	if err := decode(o.Options, &noOptions{}); err != nil {
		return prepared{}, err
	}
	return preparedStream(o.Address, soak.Options{}, func(ctx context.Context) func(net.Conn) {
		destination := load.NewDestination(o.OnOperation)
		if o.OnBadEnd != nil {
			destination.OnBadEnd(o.OnBadEnd)
		}
		return destination.Serve
	}), nil
}

// hostOf is the host of HOST:PORT.
func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}
