package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// relayReady is how long the relay may take to say hello.
const relayReady = 20 * time.Second

// RelayProcess is the relay in a process of its own.
type RelayProcess struct {
	child   *supervise.Child
	process soak.Process
	links   map[string]string // where to go, by NETWORK/HOST:PORT
	events  chan soak.Event   // its end, where nobody asked for it
	stopped chan struct{}
}

// startRelay starts one relay for all links.
func startRelay(ctx context.Context, c soak.Conditions, links []string, log io.Writer) (*RelayProcess, error) {
	args := []string{Self(), "relay", "--child", "--conditions", c.String()}
	for _, l := range links {
		args = append(args, "--link", l)
	}
	child, err := supervise.Start(ctx, supervise.Spec{
		Args: args, Stdin: true, Fd3: true,
		Output: func(line string) { fmt.Fprintf(log, "relay: %s\n", line) },
	})
	if err != nil {
		return nil, fmt.Errorf("start the relay: %w", err)
	}
	r := &RelayProcess{child: child, links: map[string]string{}, events: make(chan soak.Event, 1), stopped: make(chan struct{})}
	var hello relayHello
	err = r.await(ctx, &hello)
	if err == nil && len(hello.Links) != len(links) {
		err = fmt.Errorf("it reported %d links instead of %d", len(hello.Links), len(links))
	}
	if err != nil {
		r.Stop()
		return nil, fmt.Errorf("the relay did not get ready: %w", err)
	}
	for i, l := range links {
		r.links[l] = hello.Links[i]
	}
	pid, start := child.Process()
	r.process = soak.Process{Role: soak.RoleRelay, PID: pid, Start: start, Pprof: hello.Pprof, Metrics: hello.Metrics}
	go r.watch()
	return r, nil
}

// await waits for the relay's hello.
func (r *RelayProcess) await(ctx context.Context, hello *relayHello) error {
	said := make(chan error, 1)
	go func() { said <- readHello(r.child.Fd3(), hello) }() // ends with the pipe
	select {
	case err := <-said:
		return err
	case <-time.After(relayReady):
		return fmt.Errorf("no hello within %s", relayReady)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch reports the end of the relay, unless it was requested.
func (r *RelayProcess) watch() {
	select {
	case <-r.child.Done():
	case <-r.stopped:
		return
	}
	select {
	case <-r.stopped:
	default:
		r.events <- soak.Event{Kind: soak.EventExit, Process: soak.RoleRelay, Text: fmt.Sprintf("the relay between driver and server ended: %s", r.child.Exit())}
	}
}

// Stop ends the relay.
func (r *RelayProcess) Stop() {
	close(r.stopped)
	_ = r.child.Stdin().Close()
	_ = r.child.Stop(context.Background())
}

// Relayed starts the relay that the plan's conditions ask for, and gives the
// plan's loads with their way through it. The relay is nil without conditions.
func Relayed(ctx context.Context, p soak.Plan, log io.Writer) (*RelayProcess, []soak.Workload, error) {
	if p.Conditions == nil {
		return nil, p.Load, nil
	}
	var links []string
	for _, w := range p.Load {
		link, err := linkOf(w)
		if err != nil {
			return nil, nil, err
		}
		if !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	r, err := startRelay(ctx, *p.Conditions, links, log)
	if err != nil {
		return nil, nil, err
	}
	loads := slices.Clone(p.Load)
	for i := range loads {
		link, err := linkOf(loads[i])
		if err == nil {
			err = redirect(&loads[i], r.links[link])
		}
		if err != nil {
			r.Stop()
			return nil, nil, err
		}
	}
	return r, loads, nil
}

func linkOf(w soak.Workload) (string, error) {
	address := w.Address
	if w.URL != "" {
		var err error
		if address, err = hostPort(w.URL); err != nil {
			return "", fmt.Errorf("load %s: %w", w.Name, err)
		}
	}
	return protocol.Transport(w) + "/" + address, nil
}

// redirect sends a load to another address, as which it must not show itself:
// the name that it asks for, in TLS and in HTTP, stays.
func redirect(w *soak.Workload, to string) error {
	under := "{}"
	if w.URL == "" {
		host, _, err := net.SplitHostPort(w.Address)
		if err != nil {
			return fmt.Errorf("load %s: %w", w.Name, err)
		}
		w.Address, under = to, nameOption(w.Protocol, host)
	} else {
		u, err := url.Parse(w.URL)
		if err != nil {
			return fmt.Errorf("load %s: not an absolute URL", w.Name)
		}
		under = fmt.Sprintf(`{"server_name":%q,"headers":{"Host":%q}}`, u.Hostname(), u.Host)
		u.Host = to
		w.URL = u.String()
	}
	var err error
	if w.Options, err = options.Merge(w.Options, soak.Options{JSON: []byte(under)}); err != nil {
		return fmt.Errorf("load %s: %w", w.Name, err)
	}
	return nil
}

// nameOption is the option of a protocol that says which name to ask for in TLS,
// where it has one.
func nameOption(name, host string) string {
	p, _ := protocol.Lookup(name)
	for _, option := range []string{"sni", "server_name"} {
		if p.HasOption(option) && !strings.HasPrefix(host, "127.") {
			return fmt.Sprintf(`{%q:%q}`, option, host)
		}
	}
	return "{}"
}
