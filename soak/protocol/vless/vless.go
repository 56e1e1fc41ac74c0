// Package vless is the wire format of VLESS version 0 (XTLS, "VLESS protocol",
// https://xtls.github.io/en/development/protocols/vless.html), without flow:
//
//	request   version 0 · uuid 16 bytes · addons length · addons · command · port · host
//	reply     version 0 · addons length · addons
//
// What follows is the payload itself; of command UDP, datagrams that each have
// their length of 2 bytes before them.
package vless

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"soakmon/soak/protocol/address"
)

// Commands.
const (
	TCP byte = 1
	UDP byte = 2
)

var types = address.Types{IPv4: 1, Domain: 2, IPv6: 3}

// UUID names a user, and is the password too.
type UUID [16]byte

// ParseUUID reads the usual form, with or without hyphens.
func ParseUUID(text string) (u UUID, err error) {
	digits := strings.ReplaceAll(text, "-", "")
	if len(digits) != 2*len(u) {
		return u, errors.New("invalid UUID: use 32 hexadecimal digits")
	}
	if _, err := hex.Decode(u[:], []byte(digits)); err != nil {
		return u, errors.New("invalid UUID: use 32 hexadecimal digits")
	}
	return u, nil
}

// String is the usual form.
func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// Request is what a client asks for.
type Request struct {
	User        UUID
	Command     byte
	Destination string // HOST:PORT
}

// Append writes a request.
func (r Request) Append(b []byte) ([]byte, error) {
	host, port, err := address.Split(r.Destination)
	if err != nil {
		return nil, err
	}
	b = append(b, 0)
	b = append(b, r.User[:]...)
	b = append(b, 0, r.Command)
	return types.Append(address.AppendPort(b, port), host), nil
}

// ErrUser is the error of a user that the server does not know.
var ErrUser = errors.New("vless: unknown user")

// ReadRequest reads a request, of which it refuses a flow. known reports who may
// ask; of others it returns ErrUser and reads no further.
func ReadRequest(r io.Reader, known func(UUID) bool) (q Request, err error) {
	var head [18]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return q, err
	}
	if head[0] != 0 {
		return q, fmt.Errorf("vless: version %d of a request is not 0", head[0])
	}
	if copy(q.User[:], head[1:]); !known(q.User) {
		return q, ErrUser
	}
	if head[17] != 0 {
		return q, fmt.Errorf("vless: a request with addons (a flow), which this server does not have")
	}
	var command [1]byte
	if _, err := io.ReadFull(r, command[:]); err != nil {
		return q, err
	}
	if q.Command = command[0]; q.Command != TCP && q.Command != UDP {
		return q, fmt.Errorf("vless: command %d is neither %d (TCP) nor %d (UDP)", q.Command, TCP, UDP)
	}
	port, err := address.ReadPort(r)
	if err != nil {
		return q, err
	}
	host, err := types.Read(r)
	q.Destination = address.Join(host, port)
	return q, err
}

// Reply is what a server sends before the payload.
var Reply = []byte{0, 0}

// ReadReply reads what a server sends before the payload.
func ReadReply(r io.Reader) error {
	var head [256]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return err
	}
	if head[0] != 0 {
		return fmt.Errorf("vless: version %d of the reply is not 0", head[0])
	}
	_, err := io.ReadFull(r, head[:head[1]])
	return err
}

// AppendPacket writes what precedes a datagram of size bytes.
func AppendPacket(b []byte, size int) ([]byte, error) {
	if size > 0xffff {
		return b, errors.New("vless: a datagram of more than 65,535 bytes")
	}
	return binary.BigEndian.AppendUint16(b, uint16(size)), nil
}

// ParsePacket finds where in b the datagram that begins it starts and ends. While
// b is too short, start is 0 and end the length needed.
func ParsePacket(b []byte) (start, end int) {
	if len(b) < 2 {
		return 0, 2
	}
	return 2, 2 + int(binary.BigEndian.Uint16(b))
}
