package tls13

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// ReadClientHello reads the first message. What follows it stays unread. With an
// error, or where the client is somebody else's, [Transport.Seen] has all that it
// said.
func (t *Transport) ReadClientHello() (*ClientHello, error) {
	var message []byte
	end := t.r
	for {
		record, err := t.peekRecord(end)
		if err != nil {
			return nil, err
		}
		if record[0] != typeHandshake {
			return nil, errors.New("tls13: the first record is not a handshake")
		}
		message = append(message, record[headerSize:]...)
		end += len(record)
		whole, rest, err := splitMessage(message)
		if err != nil || len(rest) > 0 && whole != nil {
			return nil, errHello
		}
		if whole != nil {
			h, err := parseClientHello(whole)
			if err == nil {
				t.hello = end
			}
			return h, err
		}
	}
}

// peekRecord gives the record that begins at an offset of the buffer, without
// using it up.
func (t *Transport) peekRecord(at int) ([]byte, error) {
	head, err := t.peek(at + headerSize)
	if err != nil {
		return nil, err
	}
	size := headerSize + int(head[at+3])<<8 + int(head[at+4])
	if size > maxRecord || at+size > maxRecord {
		return nil, errHello
	}
	record, err := t.peek(at + size)
	if err != nil {
		return nil, err
	}
	return record[at:], nil
}

// Seen is what was read and not used up: after ReadClientHello all that the
// client has said.
func (t *Transport) Seen() []byte { return t.buf[t.r:t.w] }

// X25519Shares are the client's X25519 public keys, alone or within a hybrid.
func (h *ClientHello) X25519Shares() (shares []*ecdh.PublicKey) {
	for group, at := range map[uint16]int{x25519: 0, x25519MLKEM768: mlkem.EncapsulationKeySize768} {
		if data := h.shares[group]; len(data) == at+32 {
			if key, err := ecdh.X25519().NewPublicKey(data[at:]); err == nil {
				shares = append(shares, key)
			}
		}
	}
	return shares
}

// Serve does the handshake with a client whose hello was read, and shows it a
// certificate (DER) whose key is Ed25519, listed by the client or not.
func (t *Transport) Serve(h *ClientHello, der []byte, key ed25519.PrivateKey) (*Conn, error) {
	t.r = t.hello
	hs, err := newHandshake(h)
	if err != nil {
		return nil, err
	}
	if err := hs.hello(t, h); err != nil {
		return nil, err
	}
	if err := hs.prove(t, der, key); err != nil {
		return nil, err
	}
	clientSecret, serverSecret := hs.trafficSecrets()
	if err := hs.readFinished(t); err != nil {
		return nil, err
	}
	return newConn(t, hs.suite, clientSecret, serverSecret)
}

// handshake is the state of a server's handshake (section 7.1).
type handshake struct {
	id         uint16
	suite      suite
	transcript hash.Hash
	secret     []byte // the handshake secret
	in, out    *protection
}

func newHandshake(h *ClientHello) (*handshake, error) {
	if !h.tls13 {
		return nil, errors.New("tls13: the client does not offer TLS 1.3")
	}
	for _, id := range h.suites {
		if s, ok := suites[id]; ok {
			hs := &handshake{id: id, suite: s, transcript: s.hash()}
			hs.transcript.Write(h.Raw)
			return hs, nil
		}
	}
	return nil, errors.New("tls13: the client offers no cipher suite of TLS 1.3")
}

// message begins a handshake message, which add ends.
func (hs *handshake) add(b []byte, kind byte, body func(*cryptobyte.Builder)) []byte {
	m := cryptobyte.NewBuilder(nil)
	m.AddUint8(kind)
	m.AddUint24LengthPrefixed(body)
	message := m.BytesOrPanic()
	hs.transcript.Write(message)
	return append(b, message...)
}

// exchange answers the client's key share.
func exchange(h *ClientHello) (group uint16, share, secret []byte, err error) {
	group = x25519
	data := h.shares[x25519]
	if data == nil {
		group = x25519MLKEM768
		if data = h.shares[group]; len(data) != mlkem.EncapsulationKeySize768+32 {
			return 0, nil, nil, errors.New("tls13: the client has no key share of X25519 or X25519MLKEM768")
		}
		encapsulation, err := mlkem.NewEncapsulationKey768(data[:mlkem.EncapsulationKeySize768])
		if err != nil {
			return 0, nil, nil, fmt.Errorf("tls13: %w", err)
		}
		secret, share = encapsulation.Encapsulate()
		data = data[mlkem.EncapsulationKeySize768:]
	}
	peer, err := ecdh.X25519().NewPublicKey(data)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("tls13: %w", err)
	}
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return 0, nil, nil, err
	}
	shared, err := own.ECDH(peer)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("tls13: %w", err)
	}
	return group, append(share, own.PublicKey().Bytes()...), append(secret, shared...), nil
}

// hello writes the ServerHello (section 4.1.3) and makes the handshake's keys.
func (hs *handshake) hello(t *Transport, h *ClientHello) error {
	// X25519 alone is preferred to the hybrid where the client sent both shares:
	// the hybrid costs more, for secrecy that no measurement needs.
	group, share, shared, err := exchange(h)
	if err != nil {
		return err
	}
	var random [32]byte
	_, _ = rand.Read(random[:])
	// The version field says TLS 1.2 and the session id is echoed, so that boxes on
	// the way take it for a resumed session of TLS 1.2 (appendix D.4); an extension
	// says what it really is.
	message := hs.add(nil, serverHello, func(b *cryptobyte.Builder) {
		b.AddUint16(tls.VersionTLS12)
		b.AddBytes(random[:])
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(h.session) })
		b.AddUint16(hs.id)
		b.AddUint8(0) // no compression
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(extensionVersions)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddUint16(tls.VersionTLS13) })
			b.AddUint16(extensionKeyShare)
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint16(group)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(share) })
			})
		})
	})
	// Nothing is sent yet: it leaves in one segment with the encrypted messages.
	t.held = append(t.held, typeHandshake, 3, 3, byte(len(message)>>8), byte(len(message)))
	t.held = append(t.held, message...)
	t.held = append(t.held, typeChangeCipherSpec, 3, 3, 0, 1, 1) // appendix D.4

	// The key schedule (section 7.1): there is no PSK, so that the early secret is
	// made of zeros, and the handshake secret of it and what was agreed on. Both
	// handshake keys depend on the transcript up to the ServerHello.
	s := hs.suite
	empty := s.hash().Sum(nil)
	early := s.extract(nil, nil)
	hs.secret = s.extract(shared, s.expand(early, "derived", empty, len(empty)))
	sum := hs.transcript.Sum(nil)
	if hs.in, err = newProtection(s, s.expand(hs.secret, "c hs traffic", sum, len(sum))); err != nil {
		return err
	}
	hs.out, err = newProtection(s, s.expand(hs.secret, "s hs traffic", sum, len(sum)))
	return err
}

// prove writes the server's encrypted messages, all in one record.
func (hs *handshake) prove(t *Transport, der []byte, key ed25519.PrivateKey) error {
	messages := hs.add(nil, encryptedExtensions, func(b *cryptobyte.Builder) { b.AddUint16(0) })
	messages = hs.add(messages, certificate, func(b *cryptobyte.Builder) {
		b.AddUint8(0)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
			b.AddUint16(0)
		})
	})
	signed := slices.Concat(slices.Repeat([]byte{' '}, 64), []byte("TLS 1.3, server CertificateVerify\x00"), hs.transcript.Sum(nil)) // section 4.4.3
	messages = hs.add(messages, certificateVerify, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(tls.Ed25519))
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(ed25519.Sign(key, signed)) })
	})
	messages = hs.add(messages, finished, func(b *cryptobyte.Builder) { b.AddBytes(hs.verifyData(hs.out)) })
	if len(messages) > maxPlain {
		return errors.New("tls13: the certificate is too large for one record")
	}
	t.held = hs.out.seal(t.held, messages, typeHandshake)
	return nil
}

// verifyData is what a Finished holds (section 4.4.4).
func (hs *handshake) verifyData(of *protection) []byte {
	size := hs.suite.hash().Size()
	mac := hmac.New(hs.suite.hash, hs.suite.expand(of.secret, "finished", nil, size))
	mac.Write(hs.transcript.Sum(nil))
	return mac.Sum(nil)
}

// trafficSecrets are those of the application, as of the server's Finished.
func (hs *handshake) trafficSecrets() (client, server []byte) {
	s := hs.suite
	empty := s.hash().Sum(nil)
	master := s.extract(nil, s.expand(hs.secret, "derived", empty, len(empty)))
	sum := hs.transcript.Sum(nil)
	return s.expand(master, "c ap traffic", sum, len(sum)), s.expand(master, "s ap traffic", sum, len(sum))
}

// readFinished reads the client's end of the handshake.
func (hs *handshake) readFinished(t *Transport) error {
	want := hs.verifyData(hs.in)
	for {
		record, err := t.record()
		if err != nil {
			return err
		}
		if record[0] == typeChangeCipherSpec {
			continue
		}
		if record[0] == typeAlert && len(record) == headerSize+2 {
			return alertError(record[headerSize:])
		}
		content, kind, err := hs.in.open(record[headerSize:headerSize], record)
		switch {
		case err != nil:
			return err
		case kind == typeAlert:
			return alertError(content)
		case kind != typeHandshake || len(content) != 4+len(want) || content[0] != finished || !hmac.Equal(content[4:], want):
			return errors.New("tls13: the client's Finished is wrong")
		}
		return nil
	}
}
