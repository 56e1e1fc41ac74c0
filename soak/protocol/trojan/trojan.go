// Package trojan is the wire format of Trojan
// (https://trojan-gfw.github.io/trojan/protocol):
//
//	request   hex(SHA-224(password)) 56 bytes · CRLF · command · host · port · CRLF
//
// What follows is the payload itself. There is no reply.
package trojan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"soakmon/soak/protocol/address"
)

// TCP is the command of a connection, CONNECT of SOCKS5.
const TCP byte = 1

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

// Append writes a request for a connection to a destination, HOST:PORT.
func Append(b []byte, key Key, destination string) ([]byte, error) {
	host, port, err := address.Split(destination)
	if err != nil {
		return nil, err
	}
	b = append(append(b, key[:]...), crlf...)
	b = types.Append(append(b, TCP), host)
	return append(address.AppendPort(b, port), crlf...), nil
}

// ErrPassword is the error of a password that the server does not know.
var ErrPassword = errors.New("trojan: unknown password")

// ReadRequest reads a request and returns its destination. known tells who may
// ask; of others it returns ErrPassword and reads no further.
func ReadRequest(r io.Reader, known func(Key) bool) (destination string, err error) {
	var head [59]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	if !known(Key(head[:56])) {
		return "", ErrPassword
	}
	if string(head[56:58]) != crlf {
		return "", errors.New("trojan: no line end after the password")
	}
	if head[58] != TCP {
		return "", fmt.Errorf("trojan: command %d is not %d (connect)", head[58], TCP)
	}
	host, err := types.Read(r)
	if err != nil {
		return "", err
	}
	port, err := address.ReadPort(r)
	if err != nil {
		return "", err
	}
	var end [2]byte
	if _, err := io.ReadFull(r, end[:]); err != nil {
		return "", err
	}
	if string(end[:]) != crlf {
		return "", errors.New("trojan: no line end after the request")
	}
	return address.Join(host, port), nil
}
