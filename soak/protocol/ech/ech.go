// Package ech is the form of Encrypted Client Hello's configurations (RFC 9849
// section 4) and of the keys that belong to them, as sing-box and others keep
// them in PEM files:
//
//	ECH CONFIGS   a list of configurations, its length of 2 bytes before it
//	ECH KEYS      private key and configuration, each with its length of 2 bytes; repeated
package ech

import (
	"crypto/ecdh"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

const (
	configsPEM = "ECH CONFIGS"
	keysPEM    = "ECH KEYS"
)

// The algorithms of the configurations made here: DHKEM(X25519, HKDF-SHA256),
// HKDF-SHA256 and AES-128-GCM (RFC 9180 section 7).
const (
	version    uint16 = 0xfe0d
	kemX25519  uint16 = 0x0020
	kdfSHA256  uint16 = 0x0001
	aeadAES128 uint16 = 0x0001
)

// New makes a configuration for a key of X25519. Its public name is the one that
// others see, its id is taken from the key.
func New(publicName string, private *ecdh.PrivateKey) (tls.EncryptedClientHelloKey, error) {
	public := private.PublicKey().Bytes()
	b := cryptobyte.NewBuilder(nil)
	b.AddUint16(version)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(public[0])
		b.AddUint16(kemX25519)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(public) })
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(kdfSHA256)
			b.AddUint16(aeadAES128)
		})
		b.AddUint8(0) // no longest name to pad to
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(publicName)) })
		b.AddUint16(0) // no extensions
	})
	config, err := b.Bytes()
	return tls.EncryptedClientHelloKey{Config: config, PrivateKey: private.Bytes(), SendAsRetry: true}, err
}

// FormatConfigs writes the configurations of keys for clients.
func FormatConfigs(keys []tls.EncryptedClientHelloKey) (string, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, k := range keys {
			b.AddBytes(k.Config)
		}
	})
	list, err := b.Bytes()
	return string(pem.EncodeToMemory(&pem.Block{Type: configsPEM, Bytes: list})), err
}

var errConfigs = errors.New("invalid list of ECH configurations: use PEM or base64")

// ParseConfigs reads a list of configurations, PEM or base64, as tls.Config
// takes it.
func ParseConfigs(text string) ([]byte, error) {
	list, err := decode(text, configsPEM)
	if err != nil {
		return nil, errConfigs
	}
	s := cryptobyte.String(list)
	var configs cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&configs) || !s.Empty() || configs.Empty() {
		return nil, errConfigs
	}
	for !configs.Empty() {
		var version uint16
		var content cryptobyte.String
		if !configs.ReadUint16(&version) || !configs.ReadUint16LengthPrefixed(&content) {
			return nil, errConfigs
		}
	}
	return list, nil
}

// decode reads a PEM block of a type, or base64.
func decode(text, kind string) ([]byte, error) {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if block.Type != kind {
			return nil, errors.New("is a PEM block of another type")
		}
		return block.Bytes, nil
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

// FormatKeys writes keys for a server.
func FormatKeys(keys []tls.EncryptedClientHelloKey) (string, error) {
	b := cryptobyte.NewBuilder(nil)
	for _, k := range keys {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(k.PrivateKey) })
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(k.Config) })
	}
	all, err := b.Bytes()
	return string(pem.EncodeToMemory(&pem.Block{Type: keysPEM, Bytes: all})), err
}

// ParseKeys reads a server's keys.
func ParseKeys(text string) ([]tls.EncryptedClientHelloKey, error) {
	all, err := decode(text, keysPEM)
	if err != nil || len(all) == 0 {
		return nil, errors.New("holds no ECH keys in PEM")
	}
	var keys []tls.EncryptedClientHelloKey
	for s := cryptobyte.String(all); !s.Empty(); {
		var private, config cryptobyte.String
		if !s.ReadUint16LengthPrefixed(&private) || !s.ReadUint16LengthPrefixed(&config) {
			return nil, errors.New("holds malformed ECH keys")
		}
		keys = append(keys, tls.EncryptedClientHelloKey{Config: config, PrivateKey: private, SendAsRetry: true})
	}
	return keys, nil
}
