package peer

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"soakmon/soak/protocol/ech"
)

// serverName is what the certificate is for; publicName is what an encrypted
// ClientHello shows in its place.
const (
	serverName = "localhost"
	publicName = "public.soak.test"
)

// text makes a random password.
func text() string { return rand.Text() }

// uuid makes a random UUID, version 4 of RFC 9562.
func uuid() string {
	b := random(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// realityKeys are a REALITY server's: an X25519 pair in unpadded base64url, and
// a short id in hexadecimal.
type realityKeys struct{ private, public, shortID string }

func newRealityKeys() (realityKeys, error) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return realityKeys{}, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return realityKeys{encode(key.Bytes()), encode(key.PublicKey().Bytes()), hex.EncodeToString(random(8))}, nil
}

// certificate makes a self-signed certificate for loopback and its key, in PEM.
func certificate() (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(random(16)),
		Subject:               pkix.Name{CommonName: "made by soak init"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{serverName, publicName},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8), nil
}

func block(kind string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
}

// echKeys makes the keys of a server of Encrypted Client Hello, in PEM, and the
// list of configurations for its clients, in base64.
func echKeys() (keys []byte, configList string, err error) {
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", err
	}
	key, err := ech.New(publicName, own)
	if err != nil {
		return nil, "", err
	}
	pair := []tls.EncryptedClientHelloKey{key}
	private, err := ech.FormatKeys(pair)
	configs, configErr := ech.FormatConfigs(pair)
	if err := errors.Join(err, configErr); err != nil {
		return nil, "", err
	}
	list, _ := pem.Decode([]byte(configs))
	return []byte(private), base64.StdEncoding.EncodeToString(list.Bytes), nil
}

// sshKeys makes an Ed25519 pair: the private key in OpenSSH's PEM, the public
// one as a line of authorized_keys.
func sshKeys() (private, public []byte, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	pemBlock, err := ssh.MarshalPrivateKey(key, "made by soak init")
	if err != nil {
		return nil, nil, err
	}
	sshPub, err := ssh.NewPublicKey(pub)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(pemBlock), ssh.MarshalAuthorizedKey(sshPub), nil
}
