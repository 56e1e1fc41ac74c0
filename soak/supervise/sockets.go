package supervise

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
)

// socket is a TCP socket that listens or a UDP socket that is bound.
type socket struct {
	network string // "tcp" or "udp"
	addr    netip.AddrPort
	inode   uint64
}

// sockets lists what listens on this machine, in our network namespace.
func sockets() ([]socket, error) {
	var out []socket
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile("/proc/net/" + table)
		if errors.Is(err, fs.ErrNotExist) && table[3:] == "6" { // IPv6 is switched off
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list sockets: %w", err)
		}
		out = append(out, parseSockets(table[:3], b)...)
	}
	return out, nil
}

// parseSockets reads a table like /proc/net/tcp (proc_pid_net(5)) and keeps
// what listens; lines that make no sense are left out.
func parseSockets(network string, table []byte) []socket {
	var out []socket
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		f := bytes.Fields(lines.Bytes())
		if len(f) < 10 {
			continue
		}
		local, ok := parseEndpoint(f[1])
		remote, ok2 := parseEndpoint(f[2])
		inode, err := strconv.ParseUint(string(f[9]), 10, 64)
		if !ok || !ok2 || err != nil || remote.Port() != 0 {
			continue
		}
		const listen = "0A" // TCP_LISTEN, include/net/tcp_states.h
		if network == "udp" || string(f[3]) == listen {
			out = append(out, socket{network, local, inode})
		}
	}
	return out
}

// parseEndpoint reads ADDRESS:PORT in hexadecimal; the address is in 32-bit
// words of the host's byte order.
func parseEndpoint(b []byte) (netip.AddrPort, bool) {
	host, port, ok := bytes.Cut(b, []byte(":"))
	p, err := strconv.ParseUint(string(port), 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}, false
	}
	ip, err := hex.AppendDecode(nil, host)
	if err != nil || len(ip)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(ip); i += 4 {
		binary.BigEndian.PutUint32(ip[i:], binary.NativeEndian.Uint32(ip[i:]))
	}
	addr, ok := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(addr.Unmap(), uint16(p)), ok
}
