package runner

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// Aim points the loads that name no address at the target, and refuses a
// target that is not the one serving the address.
func Aim(p *soak.Plan, t *supervise.Target) error {
	_, of := references(*p)
	for i := range p.Load {
		w := &p.Load[i]
		if w.Address == "" && w.URL == "" {
			if err := meet(w, t.Hello(), of[i]); err != nil {
				return err
			}
			continue
		}
		if err := serves(*w, t); err != nil {
			return err
		}
	}
	return nil
}

// A server that is ready by one of its ports may take a moment with the others.
const (
	serveWait = time.Second
	serveLook = 50 * time.Millisecond
)

// serves checks that a load's address is the target's.
func serves(w soak.Workload, t *supervise.Target) error {
	process, up := t.Process()
	if !up {
		return nil // the engine reports it
	}
	address := w.Address
	if w.URL != "" {
		var err error
		if address, err = hostPort(w.URL); err != nil {
			return fmt.Errorf("load %s: %w", w.Name, err)
		}
	}
	if protocol.Transport(w) == "udp" {
		return nil // a UDP port has no listening state to look up
	}
	err := supervise.Serves(process.PID, address)
	for end := time.Now().Add(serveWait); err != nil && time.Now().Before(end); err = supervise.Serves(process.PID, address) {
		time.Sleep(serveLook)
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", w.Name, err)
	}
	return nil
}

// hostPort gives the address a URL speaks of.
func hostPort(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("not an absolute URL")
	}
	if u.Port() != "" {
		return u.Host, nil
	}
	return net.JoinHostPort(u.Hostname(), map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]), nil
}

// metricsBeside is the metrics page of one of our own processes, given its
// pprof index: debugPages serves both on one port.
func metricsBeside(pprof string) string {
	return strings.TrimSuffix(pprof, "/debug/pprof/") + "/metrics"
}
