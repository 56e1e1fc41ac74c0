package tls13

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"
)

// Types of handshake messages (RFC 8446 section 4).
const (
	clientHello         byte = 1
	serverHello         byte = 2
	newSessionTicket    byte = 4
	encryptedExtensions byte = 8
	certificate         byte = 11
	certificateVerify   byte = 15
	finished            byte = 20
	keyUpdate           byte = 24
)

// maxMessage is the size of a handshake message that is accepted.
const maxMessage = 64 << 10

// splitMessage takes the first message off b, its header included; nil where
// it is not whole.
func splitMessage(b []byte) (message, rest []byte, err error) {
	if len(b) < 4 {
		return nil, b, nil
	}
	size := 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
	if size > maxMessage {
		return nil, b, errors.New("tls13: a handshake message of more than 64 KiB")
	}
	if len(b) < size {
		return nil, b, nil
	}
	return b[:size], b[size:], nil
}

// handle takes what is said of the handshake's kind after it: tickets, which are
// left unused, and new keys.
func (c *Conn) handle(content []byte) error {
	c.messages = append(c.messages, content...)
	for {
		message, rest, err := splitMessage(c.messages)
		if err != nil || message == nil {
			return err
		}
		c.messages = rest
		switch {
		case message[0] == newSessionTicket:
		case message[0] == keyUpdate && len(message) == 5:
			if err := c.update(message[4] == 1); err != nil {
				return err
			}
		default:
			return errors.New("tls13: an unexpected message after the handshake")
		}
	}
}

// update changes the keys for reading and, where the peer asks for it, those for
// writing (section 4.6.3).
func (c *Conn) update(requested bool) (err error) {
	if c.in, err = c.in.next(); err != nil || !requested {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr != nil {
		return nil // it will hear nothing more
	}
	if c.writeErr = c.sendMessage(typeHandshake, keyUpdate, 0, 0, 1, 0); c.writeErr == nil {
		c.out, c.writeErr = c.out.next()
	}
	return c.writeErr
}

// Key exchange groups (RFC 8446 section 4.2.7; draft-ietf-tls-ecdhe-mlkem).
const (
	x25519         uint16 = 29
	x25519MLKEM768 uint16 = 4588
)

// ClientHello is what a server must know of one.
type ClientHello struct {
	Raw        []byte // the message with its header
	random     []byte
	session    []byte
	suites     []uint16
	shares     map[uint16][]byte // by group
	tls13      bool
	ServerName string
	Protocols  []string // ALPN
}

// Extensions (RFC 8446 section 4.2, RFC 7301).
const (
	extensionServerName uint16 = 0
	extensionALPN       uint16 = 16
	extensionVersions   uint16 = 43
	extensionKeyShare   uint16 = 51
)

var errHello = errors.New("tls13: a malformed ClientHello")

// parseClientHello reads a message (section 4.1.2).
func parseClientHello(raw []byte) (*ClientHello, error) {
	h := &ClientHello{Raw: raw, shares: map[uint16][]byte{}}
	s := cryptobyte.String(raw)
	var kind uint8
	var body, session, suites, compressions, extensions cryptobyte.String
	if !s.ReadUint8(&kind) || kind != clientHello || !s.ReadUint24LengthPrefixed(&body) || !s.Empty() ||
		!body.Skip(2) || !body.ReadBytes(&h.random, 32) ||
		!body.ReadUint8LengthPrefixed(&session) ||
		!body.ReadUint16LengthPrefixed(&suites) ||
		!body.ReadUint8LengthPrefixed(&compressions) ||
		!body.ReadUint16LengthPrefixed(&extensions) || !body.Empty() {
		return nil, errHello
	}
	h.session = session
	for !suites.Empty() {
		var id uint16
		if !suites.ReadUint16(&id) {
			return nil, errHello
		}
		h.suites = append(h.suites, id)
	}
	for !extensions.Empty() {
		var id uint16
		var data cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&data) || !h.extension(id, data) {
			return nil, errHello
		}
	}
	return h, nil
}

func (h *ClientHello) extension(id uint16, data cryptobyte.String) bool {
	var list cryptobyte.String
	switch id {
	case extensionServerName:
		if !data.ReadUint16LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var kind uint8
			var name cryptobyte.String
			if !list.ReadUint8(&kind) || !list.ReadUint16LengthPrefixed(&name) {
				return false
			}
			if kind == 0 {
				h.ServerName = string(name)
			}
		}
	case extensionALPN:
		if !data.ReadUint16LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var name cryptobyte.String
			if !list.ReadUint8LengthPrefixed(&name) {
				return false
			}
			h.Protocols = append(h.Protocols, string(name))
		}
	case extensionVersions:
		if !data.ReadUint8LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var version uint16
			if !list.ReadUint16(&version) {
				return false
			}
			h.tls13 = h.tls13 || version == 0x0304
		}
	case extensionKeyShare:
		if !data.ReadUint16LengthPrefixed(&list) {
			return false
		}
		for !list.Empty() {
			var group uint16
			var share cryptobyte.String
			if !list.ReadUint16(&group) || !list.ReadUint16LengthPrefixed(&share) {
				return false
			}
			h.shares[group] = share
		}
	default:
		return true // and of no interest
	}
	return data.Empty()
}
