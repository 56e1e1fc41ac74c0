// Package hysteria is the wire format of Hysteria 1 (protocol version 3). It is
// pure: what to write, and what was read.
//
// Source: core/cs/protocol.go and core/pktconns/obfs/obfs.go of
// apernet/hysteria, branch hy1. All numbers are big endian.
package hysteria

import (
	"encoding/binary"
	"errors"
	"fmt"

	"soakmon/soak/protocol/address"
	"soakmon/soak/protocol/wire"
)

// Version is the first byte that a client says, on its first stream.
const Version = 3

// Codes that a server closes a connection with.
const (
	CodeOK       = 0
	CodeProtocol = 1
	CodeAuth     = 2
)

// ErrMalformed says that a peer did not send what the protocol says.
var ErrMalformed = errors.New("hysteria: malformed message")

// ClientHello opens a connection. Rates are in bytes per second and not 0.
type ClientHello struct {
	Send, Receive uint64
	Auth          string
}

// AppendClientHello appends the version and a hello.
func AppendClientHello(b []byte, h ClientHello) []byte {
	b = append(b, Version)
	b = binary.BigEndian.AppendUint64(b, h.Send)
	b = binary.BigEndian.AppendUint64(b, h.Receive)
	return appendText(b, h.Auth)
}

// ParseClientHello reads the version and a hello from the beginning of b and
// gives their length. io.ErrUnexpectedEOF asks for more bytes.
func ParseClientHello(b []byte) (h ClientHello, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	if v := p.Uint8(); p.Err == nil && v != Version {
		return h, 0, fmt.Errorf("%w: version %d, want %d", ErrMalformed, v, Version)
	}
	h = ClientHello{Send: p.Uint64(), Receive: p.Uint64(), Auth: string(p.text())}
	if p.Err == nil && (h.Send == 0 || h.Receive == 0) {
		p.Err = fmt.Errorf("%w: a rate of 0", ErrMalformed)
	}
	return h, len(b) - len(p.Rest), p.Err
}

// ServerHello answers a ClientHello.
type ServerHello struct {
	OK            bool
	Send, Receive uint64 // bytes per second
	Message       string
}

// AppendServerHello appends a hello.
func AppendServerHello(b []byte, h ServerHello) []byte {
	b = append(b, flag(h.OK))
	b = binary.BigEndian.AppendUint64(b, h.Send)
	b = binary.BigEndian.AppendUint64(b, h.Receive)
	return appendText(b, h.Message)
}

// ParseServerHello reads a hello from the beginning of b and gives its length.
// io.ErrUnexpectedEOF asks for more bytes.
func ParseServerHello(b []byte) (h ServerHello, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	h = ServerHello{OK: p.Uint8() != 0, Send: p.Uint64(), Receive: p.Uint64(), Message: string(p.text())}
	return h, len(b) - len(p.Rest), p.Err
}

// Request is what any other stream begins with.
type Request struct {
	UDP     bool   // the stream holds an association open
	Address string // HOST:PORT, of TCP only
}

// AppendRequest appends a request.
func AppendRequest(b []byte, r Request) ([]byte, error) {
	b = append(b, flag(r.UDP))
	if r.UDP {
		return append(b, 0, 0, 0, 0), nil
	}
	return AppendAddress(b, r.Address)
}

// ParseRequest reads a request from the beginning of b and gives its length.
// io.ErrUnexpectedEOF asks for more bytes.
func ParseRequest(b []byte) (r Request, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	r.UDP = p.Uint8() != 0
	address := p.address()
	if p.Err == nil && !r.UDP {
		r.Address, p.Err = ParseAddress(address)
	}
	return r, len(b) - len(p.Rest), p.Err
}

// Response answers a request.
type Response struct {
	OK      bool
	Session uint32 // of an association
	Message string
}

// AppendResponse appends a response.
func AppendResponse(b []byte, r Response) []byte {
	b = append(b, flag(r.OK))
	b = binary.BigEndian.AppendUint32(b, r.Session)
	return appendText(b, r.Message)
}

// ParseResponse reads a response from the beginning of b and gives its length.
// io.ErrUnexpectedEOF asks for more bytes.
func ParseResponse(b []byte) (r Response, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	r = Response{OK: p.Uint8() != 0, Session: p.Uint32(), Message: string(p.text())}
	return r, len(b) - len(p.Rest), p.Err
}

// AppendAddress appends an address, HOST:PORT, as requests and messages hold it.
func AppendAddress(b []byte, hostPort string) ([]byte, error) {
	host, port, err := address.Split(hostPort)
	if err != nil {
		return b, err
	}
	return address.AppendPort(appendText(b, host), port), nil
}

// ParseAddress reads an address, HOST:PORT.
func ParseAddress(b []byte) (string, error) {
	p := parser{wire.Reader{Rest: b}}
	host, port := p.text(), p.Uint16()
	if p.Err != nil || len(host) == 0 || len(p.Rest) > 0 {
		return "", fmt.Errorf("%w: an address of %d bytes", ErrMalformed, len(b))
	}
	return address.Join(string(host), port), nil
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// appendText appends a text of at most 65,535 bytes, cut off there.
func appendText(b []byte, text string) []byte {
	text = text[:min(len(text), 1<<16-1)]
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

// parser takes fields off the front until one is not there.
type parser struct{ wire.Reader }

// text takes a length and as many bytes.
func (p *parser) text() []byte { return p.Take(int(p.Uint16())) }

// address takes an address, in the form of the wire.
func (p *parser) address() []byte {
	from := p.Rest
	p.text()
	p.Uint16()
	return from[:len(from)-len(p.Rest)]
}
