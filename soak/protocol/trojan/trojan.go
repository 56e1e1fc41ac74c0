// Package trojan is the wire format of Trojan
// (https://trojan-gfw.github.io/trojan/protocol):
//
//	request   hex(SHA-224(password)) 56 bytes · CRLF · command · host · port · CRLF
//
// What follows is the payload itself; of command UDP, datagrams:
//
//	datagram  host · port · length 2 bytes · CRLF · payload
//
// There is no reply.
package trojan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"soakmon/soak/protocol/address"
)

// Commands: CONNECT and UDP ASSOCIATE of SOCKS5.
const (
	TCP byte = 1
	UDP byte = 3
)

const crlf = "\r\n"

var types = address.Types{IPv4: 1, Domain: 3, IPv6: 4}

// Key is what stands for a password on the wire.
type Key [56]byte

// NewKey makes the key of a password.
func NewKey(password string) (k Key) {
	sum := sha256.Sum224([]byte(password))
	hex.Encode(k[:], sum[:])
	return k
}

// Request is what a client asks for.
type Request struct {
	Key         Key
	Command     byte
	Destination string // HOST:PORT; of UDP the datagrams have their own
}

// Append writes a request.
func (r Request) Append(b []byte) ([]byte, error) {
	host, port, err := address.Split(r.Destination)
	if err != nil {
		return nil, err
	}
	b = append(append(b, r.Key[:]...), crlf...)
	b = types.Append(append(b, r.Command), host)
	return append(address.AppendPort(b, port), crlf...), nil
}

// ErrPassword is the error of a password that the server does not know.
var ErrPassword = errors.New("trojan: unknown password")

// ReadRequest reads a request. known reports who may ask; of others it returns
// ErrPassword and reads no further.
func ReadRequest(r io.Reader, known func(Key) bool) (q Request, err error) {
	var head [59]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return q, err
	}
	q.Key, q.Command = Key(head[:56]), head[58]
	switch {
	case !known(q.Key):
		return q, ErrPassword
	case string(head[56:58]) != crlf:
		return q, errors.New("trojan: no line end after the password")
	case q.Command != TCP && q.Command != UDP:
		return q, fmt.Errorf("trojan: command %d is neither %d (connect) nor %d (UDP)", q.Command, TCP, UDP)
	}
	if q.Destination, err = types.ReadHostPort(r); err != nil {
		return q, err
	}
	var end [2]byte
	if _, err := io.ReadFull(r, end[:]); err != nil {
		return q, err
	}
	if string(end[:]) != crlf {
		return q, errors.New("trojan: no line end after the request")
	}
	return q, nil
}

// AppendPacket writes what precedes a datagram of size bytes, to or from an
// address, HOST:PORT.
func AppendPacket(b []byte, hostPort string, size int) ([]byte, error) {
	if size > 0xffff {
		return b, errors.New("trojan: a datagram of more than 65,535 bytes")
	}
	b, err := types.AppendHostPort(b, hostPort)
	if err != nil {
		return b, err
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(size)), crlf...), nil
}

// ParsePacket finds where in b the datagram that begins it starts and ends, and
// its address. While b is too short, start is 0 and end the length needed.
func ParsePacket(b []byte) (hostPort string, start, end int, err error) {
	if len(b) < 2 {
		return "", 0, 2, nil
	}
	const after = 2 + 2 + len(crlf) // port, length, line end
	switch b[0] {
	case types.IPv4:
		start = 1 + 4 + after
	case types.IPv6:
		start = 1 + 16 + after
	default:
		start = 1 + 1 + int(b[1]) + after
	}
	if len(b) < start {
		return "", 0, start, nil
	}
	if hostPort, err = types.ReadHostPort(bytes.NewReader(b[:start-4])); err != nil {
		return "", 0, 0, err
	}
	if string(b[start-2:start]) != crlf {
		return "", 0, 0, errors.New("trojan: no line end before a datagram")
	}
	return hostPort, start, start + int(binary.BigEndian.Uint16(b[start-4:])), nil
}
