package protocol

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/options"
)

// began and never bound the validity of certificates: that of a server which is
// started again shall be the same to the byte. Never is that of RFC 5280 section
// 4.1.2.5.
var (
	began = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	never = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// selfSigned makes a certificate for the host of address and for loopback, and
// gives it as PEM text too, for a client to trust. One seed in 2³² has no key.
func (o ServeOptions) selfSigned(address string) (tls.Certificate, string, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), o.secret("certificate"))
	if err != nil {
		return tls.Certificate{}, "", err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "soak reference server"},
		NotBefore:             began,
		NotAfter:              never,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(nil, template, template, &key.PublicKey, key) // nil: a signature by RFC 6979
	if err != nil {
		return tls.Certificate{}, "", err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text), nil
}

func caOption(target *string) Option {
	return option("ca", target, SideClient, "", "certificate authority: PEM text or the path of a PEM file; the system's by default")
}

func insecureOption(target *bool) Option {
	return option("insecure", target, SideClient, false, "do not verify certificates")
}

// clientTLS trusts the system's authorities, or ca: PEM text or the path of a
// PEM file. It is for the option ca.
func clientTLS(o soak.Options, ca, serverName string, insecure bool) (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: insecure, ServerName: serverName}
	if ca == "" {
		return config, nil
	}
	pem := []byte(ca)
	if !strings.Contains(ca, "-----BEGIN") {
		var err error
		if pem, err = os.ReadFile(ca); err != nil {
			return nil, options.Errorf(o, "ca", "%v", err)
		}
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, options.Errorf(o, "ca", "holds no PEM certificate")
	}
	return config, nil
}

// bareCertificate makes a certificate (DER) whose last bytes are its signature.
func bareCertificate(name string, key ed25519.PrivateKey) ([]byte, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: began, NotAfter: never}
	return x509.CreateCertificate(nil, template, template, key.Public(), key)
}
