package supervise

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"soakmon/soak/procfs"
)

// serving lists the sockets of this machine that listen (TCP) or are bound (UDP),
// in our network namespace.
func serving() ([]procfs.Socket, error) {
	all, err := proc.Sockets()
	return slices.DeleteFunc(all, func(s procfs.Socket) bool { return !s.Serves() }), err
}

// matching are the sockets that serve one of the addresses: those bound to it
// before those bound to all addresses, TCP before UDP, as a client would reach them.
func matching(all []procfs.Socket, addrs []netip.AddrPort) []procfs.Socket {
	for _, network := range []string{"tcp", "udp"} {
		for _, exact := range []bool{true, false} {
			var found []procfs.Socket
			for _, s := range all {
				if s.Network == network && slices.ContainsFunc(addrs, func(a netip.AddrPort) bool { return serves(s.Local, a, exact) }) {
					found = append(found, s)
				}
			}
			if len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

func serves(bound, asked netip.AddrPort, exact bool) bool {
	switch {
	case bound.Port() != asked.Port():
		return false
	case exact || asked.Addr().IsUnspecified():
		return bound.Addr() == asked.Addr() || asked.Addr().IsUnspecified()
	default: // :: takes IPv4 as well, unless IPV6_V6ONLY is set, which the kernel does not show
		return bound.Addr().IsUnspecified() && (bound.Addr().Is6() || asked.Addr().Is4())
	}
}

// localAddrs are the addresses that HOST:PORT means; a bare :PORT is
// 127.0.0.1:PORT. A host that is not this machine is an error: what it does
// cannot be seen from here.
func localAddrs(ctx context.Context, hostport string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, fmt.Errorf("address %q: want HOST:PORT: %w", hostport, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("address %q: port %q is not one of 1 to 65535", hostport, service)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", cmp.Or(host, "127.0.0.1"))
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", hostport, err)
	}
	ours, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	var out []netip.AddrPort
	for _, ip := range ips {
		ip = ip.Unmap().WithZone("")
		here := func(a net.Addr) bool {
			p, err := netip.ParsePrefix(a.String())
			return err == nil && p.Addr().Unmap() == ip
		}
		if ip.IsLoopback() || ip.IsUnspecified() || slices.ContainsFunc(ours, here) {
			out = append(out, netip.AddrPortFrom(ip, uint16(port)))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("address %q is not on this machine: a target must be local, or its process cannot be seen", hostport)
	}
	return out, nil
}

// nearby names up to five things that do listen, those with ports closest to
// the wanted one first, to help with a mistyped address.
func nearby(all []procfs.Socket, port uint16) string {
	distance := func(s procfs.Socket) int { return max(int(s.Local.Port())-int(port), int(port)-int(s.Local.Port())) }
	all = slices.DeleteFunc(slices.Clone(all), func(s procfs.Socket) bool { return s.Network != "tcp" })
	slices.SortStableFunc(all, func(a, b procfs.Socket) int { return distance(a) - distance(b) })
	var out []string
	for _, s := range all[:min(5, len(all))] {
		who := "unknown process"
		if owners, _ := holders([]procfs.Socket{s}, nil); len(owners) > 0 {
			who = owners[0].String()
		}
		out = append(out, s.Local.String()+" by "+who)
	}
	if len(out) == 0 {
		return "nothing listens on TCP here"
	}
	return "listening on TCP are " + strings.Join(out, ", ")
}
