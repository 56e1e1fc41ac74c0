// Package tuic is the wire format of TUIC, version 5. It is pure: what to write,
// and what was read.
//
// Source: SPEC.md of EAimTY/tuic. All numbers are big endian.
package tuic

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"soakmon/soak/protocol/datagram"
	"soakmon/soak/protocol/wire"
)

// Version begins each command.
const Version = 5

// Types of commands.
const (
	TypeAuthenticate = 0 // on a unidirectional stream
	TypeConnect      = 1 // on a bidirectional stream
	TypePacket       = 2 // in a datagram or on a unidirectional stream
	TypeDissociate   = 3 // on a unidirectional stream
	TypeHeartbeat    = 4 // in a datagram
)

// TokenSize is the length of a token: the keying material of the TLS session
// (RFC 5705) with the user's UUID as the label and the password as the context.
const TokenSize = 32

// ErrMalformed says that a peer did not send what the protocol says.
var ErrMalformed = errors.New("tuic: malformed command")

// UUID names a user.
type UUID [16]byte

// ParseUUID reads the form of RFC 9562, with or without hyphens.
func ParseUUID(text string) (id UUID, err error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("invalid UUID %q: use 32 hexadecimal digits", text)
	}
	return UUID(raw), nil
}

// String writes the form of RFC 9562.
func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// Command is any command. What a type does not have is zero.
type Command struct {
	Type   uint8
	User   UUID             // Authenticate
	Token  [TokenSize]byte  // Authenticate
	Packet datagram.Message // Packet; of Dissociate the session, of Connect the address
}

// AppendAuthenticate appends an Authenticate.
func AppendAuthenticate(b []byte, user UUID, token [TokenSize]byte) []byte {
	b = append(append(b, Version, TypeAuthenticate), user[:]...)
	return append(b, token[:]...)
}

// AppendConnect appends a Connect to address, HOST:PORT.
func AppendConnect(b []byte, address string) ([]byte, error) {
	return AppendAddress(append(b, Version, TypeConnect), address)
}

// AppendPacket appends a Packet. Fragments but the first name no address.
func AppendPacket(b []byte, m datagram.Message) []byte {
	b = append(b, Version, TypePacket)
	b = binary.BigEndian.AppendUint16(b, uint16(m.Session))
	b = binary.BigEndian.AppendUint16(b, m.Packet)
	b = append(b, m.Fragments, m.Fragment)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Data)))
	if m.Fragment > 0 {
		b = append(b, addressNone)
	} else {
		b = append(b, m.Address...)
	}
	return append(b, m.Data...)
}

// AppendDissociate appends a Dissociate.
func AppendDissociate(b []byte, session uint16) []byte {
	return binary.BigEndian.AppendUint16(append(b, Version, TypeDissociate), session)
}

// AppendHeartbeat appends a Heartbeat.
func AppendHeartbeat(b []byte) []byte { return append(b, Version, TypeHeartbeat) }

// Parse reads a command from the beginning of b and gives its length, its
// payload included in the case of a Packet. io.ErrUnexpectedEOF asks for more
// bytes. Slices are parts of b.
func Parse(b []byte) (c Command, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	head := p.Take(2)
	if p.Err != nil {
		return c, 0, p.Err
	}
	if head[0] != Version {
		return c, 0, fmt.Errorf("%w: version %d, want %d", ErrMalformed, head[0], Version)
	}
	c.Type = head[1]
	switch c.Type {
	case TypeAuthenticate:
		copy(c.User[:], p.Take(len(c.User)))
		copy(c.Token[:], p.Take(len(c.Token)))
	case TypeConnect:
		c.Packet.Address = p.address()
	case TypePacket:
		c.Packet = p.packet()
	case TypeDissociate:
		c.Packet.Session = uint32(p.Uint16())
	case TypeHeartbeat:
	default:
		return c, 0, fmt.Errorf("%w: type %d", ErrMalformed, c.Type)
	}
	if p.Err != nil {
		return Command{}, 0, p.Err
	}
	return c, len(b) - len(p.Rest), nil
}

// ParsePacket reads a Packet. Its slices are parts of b.
func ParsePacket(b []byte) (datagram.Message, error) {
	c, _, err := Parse(b)
	if err == nil && c.Type != TypePacket {
		err = fmt.Errorf("%w: type %d, want a packet", ErrMalformed, c.Type)
	}
	return c.Packet, err
}

// parser takes fields off the front until one is not there.
type parser struct{ wire.Reader }

func (p *parser) packet() (m datagram.Message) {
	m.Session, m.Packet = uint32(p.Uint16()), p.Uint16()
	if b := p.Take(2); b != nil {
		m.Fragments, m.Fragment = b[0], b[1]
	}
	size := p.Uint16()
	m.Address = p.address()
	m.Data = p.Take(int(size))
	return m
}
