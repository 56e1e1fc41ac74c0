// Package address is the form in which proxy protocols write a destination's
// host: a byte that says what follows, then the bytes of an IP address or a
// length and a name. They differ in the values of that byte (SOCKS5, RFC 1928
// section 5, is the model) and in the position of the port.
package address

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
)

// Types are a protocol's values of the byte before a host.
type Types struct{ IPv4, Domain, IPv6 byte }

// Split parts HOST:PORT.
func Split(destination string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(destination)
	if err != nil {
		return "", 0, fmt.Errorf("destination %q is not HOST:PORT", destination)
	}
	n, err := strconv.ParseUint(service, 10, 16)
	if err != nil || host == "" || len(host) > 255 {
		return "", 0, fmt.Errorf("destination %q is not HOST:PORT", destination)
	}
	return host, uint16(n), nil
}

// Join is the inverse of Split.
func Join(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// Append writes a host: an IP address as such, anything else as a name of at
// most 255 bytes.
func (t Types) Append(b []byte, host string) []byte {
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil || ip.Zone() != "":
		b = append(b, t.Domain, byte(len(host)))
		return append(b, host...)
	case ip.Unmap().Is4():
		b = append(b, t.IPv4)
		return append(b, ip.Unmap().AsSlice()...)
	default:
		b = append(b, t.IPv6)
		return append(b, ip.AsSlice()...)
	}
}

// Read reads a host.
func (t Types) Read(r io.Reader) (string, error) {
	var b [256]byte
	if _, err := io.ReadFull(r, b[:1]); err != nil {
		return "", err
	}
	var size int
	switch b[0] {
	case t.IPv4:
		size = net.IPv4len
	case t.IPv6:
		size = net.IPv6len
	case t.Domain:
		if _, err := io.ReadFull(r, b[:1]); err != nil {
			return "", err
		}
		if size = int(b[0]); size == 0 {
			return "", fmt.Errorf("the destination's name is empty")
		}
		_, err := io.ReadFull(r, b[:size])
		return string(b[:size]), err
	default:
		return "", fmt.Errorf("invalid address type %d: expected %d, %d or %d", b[0], t.IPv4, t.Domain, t.IPv6)
	}
	if _, err := io.ReadFull(r, b[:size]); err != nil {
		return "", err
	}
	ip, _ := netip.AddrFromSlice(b[:size])
	return ip.Unmap().String(), nil
}

// AppendPort writes a port in network order.
func AppendPort(b []byte, port uint16) []byte { return binary.BigEndian.AppendUint16(b, port) }

// ReadPort reads a port.
func ReadPort(r io.Reader) (uint16, error) {
	var b [2]byte
	_, err := io.ReadFull(r, b[:])
	return binary.BigEndian.Uint16(b[:]), err
}

// AppendHostPort writes HOST:PORT with the port after the host.
func (t Types) AppendHostPort(b []byte, hostPort string) ([]byte, error) {
	host, port, err := Split(hostPort)
	if err != nil {
		return b, err
	}
	return AppendPort(t.Append(b, host), port), nil
}

// ReadHostPort reads what AppendHostPort writes.
func (t Types) ReadHostPort(r io.Reader) (string, error) {
	host, err := t.Read(r)
	if err != nil {
		return "", err
	}
	port, err := ReadPort(r)
	return Join(host, port), err
}
