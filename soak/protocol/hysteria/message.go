package hysteria

import (
	"encoding/binary"
	"fmt"

	"soakmon/soak/protocol/datagram"
)

// AppendMessage appends a message of the UDP relay.
func AppendMessage(b []byte, m datagram.Message) []byte {
	b = binary.BigEndian.AppendUint32(b, m.Session)
	b = append(b, m.Address...)
	b = binary.BigEndian.AppendUint16(b, m.Packet)
	b = append(b, m.Fragment, m.Fragments)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Data)))
	return append(b, m.Data...)
}

// ParseMessage reads a message. Its slices are parts of b.
func ParseMessage(b []byte) (datagram.Message, error) {
	p := parser{rest: b}
	m := datagram.Message{Session: p.uint32(), Address: p.address(), Packet: p.uint16(), Fragment: p.uint8(), Fragments: p.uint8()}
	m.Data = p.text()
	if p.err != nil {
		return datagram.Message{}, p.err
	}
	if len(p.rest) > 0 {
		return datagram.Message{}, fmt.Errorf("%w: %d bytes after a datagram", ErrMalformed, len(p.rest))
	}
	return m, nil
}
