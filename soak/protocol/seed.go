package protocol

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"

	"soakmon/soak/protocol/vless"
)

// secret is 32 bytes that the seed gives for a purpose: HMAC-SHA256 as a
// pseudorandom function (RFC 2104).
func (o ServeOptions) secret(purpose string) []byte {
	mac := hmac.New(sha256.New, []byte(o.Seed))
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// password has 160 bits.
func (o ServeOptions) password() string {
	return base32.StdEncoding.EncodeToString(o.secret("password")[:20])
}

func (o ServeOptions) user() vless.UUID { return vless.UUID(o.secret("user")[:16]) }

func (o ServeOptions) x25519() (*ecdh.PrivateKey, error) {
	return ecdh.X25519().NewPrivateKey(o.secret("x25519"))
}

func (o ServeOptions) ed25519() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(o.secret("ed25519"))
}
