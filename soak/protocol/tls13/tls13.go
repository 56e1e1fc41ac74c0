// Package tls13 is the part of TLS 1.3 (RFC 8446) that a proxy's speed depends
// on: records, many to a system call and without copies, after a handshake that a
// library did on a [Transport]; and the handshake of a REALITY server, which
// signs with a key that its client does not list, so that no library does it.
//
// The records of crypto/tls would do for ECH. They are not used because they cost
// more than a tenth of the CPU time and of the throughput of a bulk transfer: one
// system call for each record of 16 KiB, and one more copy of what is read. The
// client and the reference server are what other servers are compared with, so
// that they must be fast. BenchmarkConn measures the difference.
//
// It is made to measure servers with, not to keep secrets: what it leaves out
// (resumption, early data, client certificates, a second ClientHello) it refuses.
package tls13

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content types (RFC 8446 section 5.1).
const (
	typeChangeCipherSpec byte = 20
	typeAlert            byte = 21
	typeHandshake        byte = 22
	typeApplication      byte = 23
)

const (
	headerSize = 5
	maxPlain   = 16 << 10
	maxRecord  = headerSize + maxPlain + 256
	tagSize    = 16 // of all suites
)

// suite is a cipher suite.
type suite struct {
	hash    func() hash.Hash
	keySize int
	aead    func(key []byte) (cipher.AEAD, error)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

var suites = map[uint16]suite{
	tls.TLS_AES_128_GCM_SHA256:       {sha256.New, 16, newGCM},
	tls.TLS_AES_256_GCM_SHA384:       {sha512.New384, 32, newGCM},
	tls.TLS_CHACHA20_POLY1305_SHA256: {sha256.New, 32, chacha20poly1305.New},
}

// expand is HKDF-Expand-Label (section 7.1).
func (s suite) expand(secret []byte, label string, context []byte, size int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "...), label...)
	info = append(append(info, byte(len(context))), context...)
	out, err := hkdf.Expand(s.hash, secret, string(info), size)
	if err != nil {
		panic(err) // of a size below 255 hashes there is none
	}
	return out
}

// extract is HKDF-Extract; without a secret it takes zeros.
func (s suite) extract(secret, salt []byte) []byte {
	if secret == nil {
		secret = make([]byte, s.hash().Size())
	}
	out, err := hkdf.Extract(s.hash, secret, salt)
	if err != nil {
		panic(err) // outside of FIPS mode there is none
	}
	return out
}

// protection encrypts or decrypts the records of one direction.
type protection struct {
	suite  suite
	secret []byte
	aead   cipher.AEAD
	iv     [12]byte
	nonce  [12]byte
	seq    uint64
}

func newProtection(s suite, secret []byte) (*protection, error) {
	aead, err := s.aead(s.expand(secret, "key", nil, s.keySize))
	if err != nil {
		return nil, fmt.Errorf("tls13: %w", err)
	}
	p := &protection{suite: s, secret: secret, aead: aead}
	copy(p.iv[:], s.expand(secret, "iv", nil, len(p.iv)))
	return p, nil
}

// next gives the keys after a KeyUpdate (section 7.2).
func (p *protection) next() (*protection, error) {
	return newProtection(p.suite, p.suite.expand(p.secret, "traffic upd", nil, p.suite.hash().Size()))
}

// advance makes the nonce of the next record (section 5.3).
func (p *protection) advance() []byte {
	p.nonce = p.iv
	seq := binary.BigEndian.Uint64(p.nonce[4:]) ^ p.seq
	binary.BigEndian.PutUint64(p.nonce[4:], seq)
	p.seq++
	return p.nonce[:]
}

// seal appends a record of at most maxPlain bytes of content to b.
func (p *protection) seal(b []byte, content []byte, kind byte) []byte {
	at := len(b)
	size := len(content) + 1 + tagSize
	b = append(b, typeApplication, 3, 3, byte(size>>8), byte(size))
	b = append(append(b, content...), kind)
	inner := b[at+headerSize:]
	return p.aead.Seal(b[:at+headerSize], p.advance(), inner, b[at:at+headerSize])
}

var errRecord = errors.New("tls13: a record that is not encrypted with the connection's keys")

// open decrypts a record to dst, which is its own payload's beginning or has
// room for all of it but the tag.
func (p *protection) open(dst, record []byte) (content []byte, kind byte, err error) {
	if record[0] != typeApplication || len(record) < headerSize+tagSize+1 {
		return nil, 0, errRecord
	}
	plain, err := p.aead.Open(dst, p.advance(), record[headerSize:], record[:headerSize])
	if err != nil {
		return nil, 0, errRecord
	}
	for len(plain) > 0 && plain[len(plain)-1] == 0 { // padding
		plain = plain[:len(plain)-1]
	}
	if len(plain) == 0 || len(plain) > maxPlain+1 {
		return nil, 0, errors.New("tls13: a record without a content type, or too long")
	}
	return plain[:len(plain)-1], plain[len(plain)-1], nil
}
