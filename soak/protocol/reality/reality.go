// Package reality is what REALITY adds to TLS 1.3
// (https://github.com/XTLS/REALITY): how a client shows in its ClientHello that
// it knows the server's public key, and a server in its certificate that it owns
// it.
//
//	key = HKDF-SHA256(X25519(client's key share, server's key), salt: random[:20], info: "REALITY")
//
// The session id of 32 bytes is, sealed with AES-256-GCM under that key, nonce
// random[20:], with the ClientHello (its session id zero) as additional data:
//
//	version of the client 3 bytes · 0 · Unix time 4 bytes · short id 8 bytes
//
// The server's certificate has an Ed25519 key of its own; in the place of its
// signature stands HMAC-SHA512(key, public key of the certificate). Any other
// certificate is that of the camouflage site.
package reality

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Where a ClientHello, from its handshake header on, has its random and its
// session id of 32 bytes (RFC 8446 section 4.1.2).
const (
	randomAt  = 4 + 2
	sessionAt = randomAt + 32 + 1
	fixedSize = sessionAt + 32

	plainSize = 16
)

// version is the client's version that servers are shown, some of which refuse
// old ones: that of an Xray of 2026.
var version = [3]byte{26, 3, 27}

// ShortID chooses one of the ids that a server accepts. Shorter ones are padded
// with zeros.
type ShortID [8]byte

// ParseShortID reads up to 16 hexadecimal digits.
func ParseShortID(text string) (id ShortID, err error) {
	if len(text) > 2*len(id) || len(text)%2 != 0 {
		return id, errors.New("is not an even number of at most 16 hexadecimal digits")
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return id, errors.New("is not an even number of at most 16 hexadecimal digits")
	}
	return id, nil
}

// String is the form that ParseShortID reads.
func (id ShortID) String() string { return hex.EncodeToString(id[:]) }

// decodeKey reads 32 bytes in base64, as sing-box and Xray print them.
func decodeKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	key, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, errors.New("invalid X25519 key: use 32 bytes in base64")
	}
	return key, nil
}

// ParsePublicKey reads a server's public key.
func ParsePublicKey(text string) (*ecdh.PublicKey, error) {
	key, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	return ecdh.X25519().NewPublicKey(key)
}

// ParsePrivateKey reads a server's private key.
func ParsePrivateKey(text string) (*ecdh.PrivateKey, error) {
	key, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	return ecdh.X25519().NewPrivateKey(key)
}

// FormatKey writes a key as ParsePublicKey and ParsePrivateKey read it.
func FormatKey(key interface{ Bytes() []byte }) string {
	return base64.RawURLEncoding.EncodeToString(key.Bytes())
}

// Key is what a client and a server share in one handshake.
type Key [32]byte

// newKey derives the key of a handshake, given the ClientHello.
func newKey(private *ecdh.PrivateKey, public *ecdh.PublicKey, hello []byte) (key Key, err error) {
	shared, err := private.ECDH(public)
	if err != nil {
		return key, err
	}
	derived, err := hkdf.Key(sha256.New, shared, hello[randomAt:randomAt+20], "REALITY", len(key))
	copy(key[:], derived)
	return key, err
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err == nil {
		var aead cipher.AEAD
		if aead, err = cipher.NewGCM(block); err == nil {
			return aead
		}
	}
	panic(err) // of a key of 32 bytes there is none
}

// Seal writes the sealed session id into a ClientHello and gives the key.
// private is that of the client's X25519 key share.
func Seal(hello []byte, private *ecdh.PrivateKey, server *ecdh.PublicKey, id ShortID, now time.Time) (Key, error) {
	if len(hello) < fixedSize || hello[sessionAt-1] != 32 {
		return Key{}, errors.New("reality: a ClientHello without a session id of 32 bytes")
	}
	key, err := newKey(private, server, hello)
	if err != nil {
		return key, fmt.Errorf("reality: %w", err)
	}
	var plain [plainSize]byte
	copy(plain[:], version[:])
	binary.BigEndian.PutUint32(plain[4:], uint32(now.Unix()))
	copy(plain[8:], id[:])
	session := hello[sessionAt:fixedSize]
	clear(session)
	copy(session, key.aead().Seal(nil, hello[randomAt+20:randomAt+32], plain[:], hello))
	return key, nil
}

// Open reads the session id of a ClientHello, which it leaves as it is. share is
// the client's X25519 key share. ok is false where the client is not one of ours.
func Open(hello []byte, share *ecdh.PublicKey, server *ecdh.PrivateKey) (key Key, id ShortID, at time.Time, ok bool) {
	if len(hello) < fixedSize || hello[sessionAt-1] != 32 {
		return key, id, at, false
	}
	key, err := newKey(server, share, hello)
	if err != nil {
		return key, id, at, false
	}
	zeroed := append([]byte(nil), hello...)
	clear(zeroed[sessionAt:fixedSize])
	plain, err := key.aead().Open(nil, hello[randomAt+20:randomAt+32], hello[sessionAt:fixedSize], zeroed)
	if err != nil {
		return key, id, at, false
	}
	copy(id[:], plain[8:])
	return key, id, time.Unix(int64(binary.BigEndian.Uint32(plain[4:])), 0), true
}

// signature replaces the signature of a certificate.
func (k Key) signature(public ed25519.PublicKey) []byte {
	mac := hmac.New(sha512.New, k[:])
	mac.Write(public)
	return mac.Sum(nil)
}

// Sign gives the DER of an Ed25519 certificate (whose last 64 bytes are its
// signature) as the server shows it to the client that has the key.
func (k Key) Sign(certificate []byte, public ed25519.PublicKey) []byte {
	signed := append([]byte(nil), certificate...)
	copy(signed[len(signed)-ed25519.SignatureSize:], k.signature(public))
	return signed
}

// Signed reports whether a certificate with this key and signature is that of the
// server, and not of its camouflage site.
func (k Key) Signed(public any, signature []byte) bool {
	own, ok := public.(ed25519.PublicKey)
	return ok && hmac.Equal(signature, k.signature(own))
}

// SessionID is the session id within a ClientHello that [Seal] took.
func SessionID(hello []byte) []byte { return hello[sessionAt:fixedSize] }
