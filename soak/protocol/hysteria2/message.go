package hysteria2

import (
	"encoding/binary"
	"fmt"

	"github.com/quic-go/quic-go/quicvarint"

	"soakmon/soak/protocol/datagram"
	"soakmon/soak/protocol/wire"
)

// AppendAddress appends an address, HOST:PORT, as messages hold it.
func AppendAddress(b []byte, address string) ([]byte, error) {
	if len(address) > MaxAddress {
		return nil, fmt.Errorf("%w: an address of %d bytes", ErrMalformed, len(address))
	}
	return append(b, address...), nil
}

// ParseAddress reads an address, HOST:PORT.
func ParseAddress(b []byte) (string, error) { return string(b), nil }

// AppendMessage appends a message of the UDP relay.
func AppendMessage(b []byte, m datagram.Message) []byte {
	b = binary.BigEndian.AppendUint32(b, m.Session)
	b = binary.BigEndian.AppendUint16(b, m.Packet)
	b = append(b, m.Fragment, m.Fragments)
	b = quicvarint.Append(b, uint64(len(m.Address)))
	b = append(b, m.Address...)
	return append(b, m.Data...)
}

// ParseMessage reads a message. Its slices are parts of b.
func ParseMessage(b []byte) (datagram.Message, error) {
	p := parser{wire.Reader{Rest: b}}
	head := p.Take(8)
	address := p.text(MaxAddress)
	if p.Err != nil {
		return datagram.Message{}, p.Err
	}
	return datagram.Message{
		Session:   binary.BigEndian.Uint32(head),
		Packet:    binary.BigEndian.Uint16(head[4:]),
		Fragment:  head[6],
		Fragments: head[7],
		Address:   address,
		Data:      p.Rest,
	}, nil
}
