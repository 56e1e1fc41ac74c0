package tuic

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"soakmon/soak/protocol/address"
	"soakmon/soak/protocol/wire"
)

// Types of addresses.
const (
	addressDomain = 0x00
	addressIPv4   = 0x01
	addressIPv6   = 0x02
	addressNone   = 0xff // of fragments but the first
)

var types = address.Types{IPv4: addressIPv4, Domain: addressDomain, IPv6: addressIPv6}

// AppendAddress appends an address, HOST:PORT, as commands hold it.
func AppendAddress(b []byte, hostPort string) ([]byte, error) {
	return types.AppendHostPort(b, hostPort)
}

// ParseAddress reads an address, HOST:PORT. The empty address is an error.
func ParseAddress(b []byte) (string, error) {
	p := parser{wire.Reader{Rest: b}}
	if a := p.address(); p.Err != nil || len(p.Rest) > 0 || a[0] == addressNone {
		return "", fmt.Errorf("%w: an address of %d bytes", ErrMalformed, len(b))
	}
	port := binary.BigEndian.Uint16(b[len(b)-2:])
	if b[0] == addressDomain {
		return address.Join(string(b[2:len(b)-2]), port), nil
	}
	ip, _ := netip.AddrFromSlice(b[1 : len(b)-2])
	return address.Join(ip.String(), port), nil
}

// address takes an address, in the form of the wire.
func (p *parser) address() []byte {
	from := p.Rest
	kind := p.Take(1)
	if kind == nil {
		return nil
	}
	switch kind[0] {
	case addressNone:
	case addressIPv4:
		p.Take(4 + 2)
	case addressIPv6:
		p.Take(16 + 2)
	case addressDomain:
		if length := p.Take(1); length != nil {
			p.Take(int(length[0]) + 2)
		}
	default:
		p.Err = fmt.Errorf("%w: address type %#x", ErrMalformed, kind[0])
	}
	return from[:len(from)-len(p.Rest)]
}
