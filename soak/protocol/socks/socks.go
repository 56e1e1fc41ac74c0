// Package socks is the wire format of SOCKS5 (RFC 1928, RFC 1929):
//
//	hello     5 · count · methods              → 5 · method
//	user      1 · length · user · length · password → 1 · 0
//	request   5 · command · 0 · host · port    → 5 · code · 0 · host · port
//	datagram  0 · 0 · fragment · host · port · payload
package socks

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"soakmon/soak/protocol/address"
)

// The commands of a request.
const (
	Connect   byte = 1
	Associate byte = 3
)

// The codes of a reply that a server here gives.
const (
	Succeeded   byte = 0
	Failed      byte = 1
	Refused     byte = 5
	Unsupported byte = 7
)

const (
	version     = 5
	userVersion = 1
	noUser      = 0
	withUser    = 2
	noMethod    = 0xff
)

var types = address.Types{IPv4: 1, Domain: 3, IPv6: 4}

// ErrUser says that the server did not take the user and the password.
var ErrUser = errors.New("socks: user or password refused")

// reasons are those of RFC 1928, section 6.
var reasons = []string{
	"", "general failure", "not allowed by the rules", "network unreachable", "host unreachable",
	"connection refused", "time to live expired", "command not supported", "address type not supported",
}

// ReplyError is a code by which a server refuses a request.
type ReplyError byte

// Error is the reason.
func (e ReplyError) Error() string {
	if int(e) < len(reasons) {
		return reasons[e]
	}
	return fmt.Sprintf("code %d", byte(e))
}

// Greet says hello, and the user where there is one.
func Greet(rw io.ReadWriter, user, password string) error {
	if len(user) > 255 || len(password) > 255 {
		return errors.New("socks: a user and a password have at most 255 bytes each")
	}
	method := byte(noUser)
	if user != "" {
		method = withUser
	}
	if err := exchange(rw, []byte{version, 1, method}, []byte{version, method}, ErrUser); err != nil || user == "" {
		return err
	}
	said := append([]byte{userVersion, byte(len(user))}, user...)
	said = append(append(said, byte(len(password))), password...)
	return exchange(rw, said, []byte{userVersion, 0}, ErrUser)
}

// exchange writes, and wants an answer; another one is the error given.
func exchange(rw io.ReadWriter, said, want []byte, otherwise error) error {
	if _, err := rw.Write(said); err != nil {
		return err
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(rw, got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return otherwise
	}
	return nil
}

// Ask makes a request for HOST:PORT and gives the address in the reply. A
// refusal is a [ReplyError].
func Ask(rw io.ReadWriter, command byte, destination string) (bound string, err error) {
	request, err := types.AppendHostPort([]byte{version, command, 0}, destination)
	if err != nil {
		return "", err
	}
	if _, err := rw.Write(request); err != nil {
		return "", err
	}
	code, bound, err := readMessage(rw)
	if err == nil && code != Succeeded {
		err = ReplyError(code)
	}
	return bound, err
}

// Welcome is the server's side of [Greet].
func Welcome(rw io.ReadWriter, user, password string) error {
	head := make([]byte, 2)
	if _, err := io.ReadFull(rw, head); err != nil {
		return err
	}
	methods := make([]byte, head[1])
	if _, err := io.ReadFull(rw, methods); err != nil {
		return err
	}
	method := byte(noUser)
	if user != "" {
		method = withUser
	}
	if head[0] != version || !bytes.Contains(methods, []byte{method}) {
		_, err := rw.Write([]byte{version, noMethod})
		return errors.Join(ErrUser, err)
	}
	if _, err := rw.Write([]byte{version, method}); err != nil || user == "" {
		return err
	}
	return check(rw, user, password)
}

func check(rw io.ReadWriter, user, password string) error {
	var said [2]string
	head := make([]byte, 1)
	if _, err := io.ReadFull(rw, head); err != nil {
		return err
	}
	for i := range said {
		if _, err := io.ReadFull(rw, head); err != nil {
			return err
		}
		text := make([]byte, head[0])
		if _, err := io.ReadFull(rw, text); err != nil {
			return err
		}
		said[i] = string(text)
	}
	if said != [2]string{user, password} {
		_, err := rw.Write([]byte{userVersion, 1})
		return errors.Join(ErrUser, err)
	}
	_, err := rw.Write([]byte{userVersion, 0})
	return err
}

// ReadRequest is the server's side of [Ask].
func ReadRequest(r io.Reader) (command byte, destination string, err error) { return readMessage(r) }

// AppendReply writes a reply with the address HOST:PORT.
func AppendReply(b []byte, code byte, bound string) ([]byte, error) {
	return types.AppendHostPort(append(b, version, code, 0), bound)
}

// readMessage reads a request or a reply.
func readMessage(r io.Reader) (code byte, where string, err error) {
	head := make([]byte, 3)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, "", err
	}
	if head[0] != version {
		return 0, "", fmt.Errorf("socks: version %d is not 5", head[0])
	}
	where, err = types.ReadHostPort(r)
	return head[1], where, err
}

// AppendHeader writes what precedes a datagram to or from HOST:PORT.
func AppendHeader(b []byte, where string) ([]byte, error) {
	return types.AppendHostPort(append(b, 0, 0, 0), where)
}

// ParseDatagram parts a datagram. Fragments are refused, as RFC 1928 allows.
func ParseDatagram(b []byte) (where string, payload []byte, err error) {
	if len(b) < 3 || b[2] != 0 {
		return "", nil, errors.New("socks: a fragment, or no datagram at all")
	}
	r := bytes.NewReader(b[3:])
	where, err = types.ReadHostPort(r)
	return where, b[len(b)-r.Len():], err
}
