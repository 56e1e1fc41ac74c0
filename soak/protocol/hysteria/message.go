package hysteria

import (
	"encoding/binary"
	"fmt"

	"soakmon/soak/protocol/datagram"
	"soakmon/soak/protocol/wire"
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
	p := parser{wire.Reader{Rest: b}}
	m := datagram.Message{Session: p.Uint32(), Address: p.address(), Packet: p.Uint16(), Fragment: p.Uint8(), Fragments: p.Uint8()}
	m.Data = p.text()
	if p.Err != nil {
		return datagram.Message{}, p.Err
	}
	if len(p.Rest) > 0 {
		return datagram.Message{}, fmt.Errorf("%w: %d bytes after a datagram", ErrMalformed, len(p.Rest))
	}
	return m, nil
}
