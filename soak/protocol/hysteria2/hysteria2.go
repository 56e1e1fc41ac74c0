// Package hysteria2 is the wire format of Hysteria 2, apart from the HTTP/3
// request that authenticates. It is pure: what to write, and what was read.
//
// Source: PROTOCOL.md of apernet/hysteria (the "Hysteria 2 Protocol
// Specification").
package hysteria2

import (
	"errors"
	"fmt"
	"io"

	"github.com/quic-go/quic-go/quicvarint"

	"soakmon/soak/protocol/wire"
)

// Of the request that authenticates a connection, and of its answer.
const (
	AuthURL       = "https://hysteria/auth" // of a POST
	AuthHeader    = "Hysteria-Auth"
	RateHeader    = "Hysteria-CC-RX" // bytes per second that the sender can receive; 0: unknown (client), unlimited (server)
	UDPHeader     = "Hysteria-UDP"
	PaddingHeader = "Hysteria-Padding"
	StatusOK      = 233
	RateAuto      = "auto" // the server leaves the client to its congestion control
)

// RequestID begins a stream to a TCP destination.
const RequestID = 0x401

// Limits that no honest peer exceeds.
const (
	MaxAddress = 2048
	maxMessage = 2048
	maxPadding = 4096
)

// ErrMalformed says that a peer did not send what the protocol says.
var ErrMalformed = errors.New("hysteria2: malformed message")

// AppendRequest appends what a stream to address, HOST:PORT, begins with.
func AppendRequest(b []byte, address string) []byte {
	b = quicvarint.Append(b, RequestID)
	b = appendText(b, address)
	return quicvarint.Append(b, 0) // no padding
}

// ParseRequest reads a request from the beginning of b and gives its length.
// io.ErrUnexpectedEOF asks for more bytes.
func ParseRequest(b []byte) (address string, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	if id := p.varint(); p.Err == nil && id != RequestID {
		return "", 0, fmt.Errorf("%w: request %#x", ErrMalformed, id)
	}
	address = string(p.text(MaxAddress))
	p.text(maxPadding)
	if p.Err == nil && address == "" {
		p.Err = fmt.Errorf("%w: a request without an address", ErrMalformed)
	}
	return address, len(b) - len(p.Rest), p.Err
}

// Response is how a server answers a request.
type Response struct {
	OK      bool
	Message string
}

// AppendResponse appends a response.
func AppendResponse(b []byte, r Response) []byte {
	status := byte(1)
	if r.OK {
		status = 0
	}
	b = appendText(append(b, status), r.Message)
	return quicvarint.Append(b, 0)
}

// ParseResponse reads a response from the beginning of b and gives its length.
// io.ErrUnexpectedEOF asks for more bytes.
func ParseResponse(b []byte) (r Response, n int, err error) {
	p := parser{wire.Reader{Rest: b}}
	status := p.Take(1)
	r.Message = string(p.text(maxMessage))
	p.text(maxPadding)
	if p.Err != nil {
		return Response{}, 0, p.Err
	}
	r.OK = status[0] == 0
	return r, len(b) - len(p.Rest), nil
}

func appendText(b []byte, text string) []byte {
	return append(quicvarint.Append(b, uint64(len(text))), text...)
}

// parser takes fields off the front until one is not there.
type parser struct{ wire.Reader }

func (p *parser) varint() uint64 {
	if p.Err != nil {
		return 0
	}
	v, n, err := quicvarint.Parse(p.Rest)
	if err != nil {
		p.Err = io.ErrUnexpectedEOF
		return 0
	}
	p.Rest = p.Rest[n:]
	return v
}

// text takes a length and as many bytes.
func (p *parser) text(limit uint64) []byte {
	n := p.varint()
	if p.Err == nil && n > limit {
		p.Err = fmt.Errorf("%w: a field of %d bytes, at most %d are allowed", ErrMalformed, n, limit)
	}
	return p.Take(int(n))
}
