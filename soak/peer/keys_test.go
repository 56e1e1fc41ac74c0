package peer

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net"
	"regexp"
	"testing"

	"soakmon/soak/protocol/ech"
)

// TestECHKeys_RoundTrip makes a handshake with the keys as a
// server reads them.
func TestECHKeys_RoundTrip(t *testing.T) {
	keys, list, err := echKeys()
	if err != nil {
		t.Fatal(err)
	}
	cert, certKey, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, certKey)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ech.ParseKeys(string(keys))
	if err != nil {
		t.Fatal(err)
	}
	configList, err := base64.StdEncoding.DecodeString(list)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	client, server := net.Pipe()
	go func() {
		_ = tls.Server(server, &tls.Config{Certificates: []tls.Certificate{pair}, EncryptedClientHelloKeys: parsed}).Handshake()
	}()
	conn := tls.Client(client, &tls.Config{RootCAs: pool, ServerName: serverName, EncryptedClientHelloConfigList: configList})
	if err := conn.Handshake(); err != nil || !conn.ConnectionState().ECHAccepted {
		t.Errorf("accepted %v: %v", conn.ConnectionState().ECHAccepted, err)
	}
}

func TestUUID_Random(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if a, b := uuid(), uuid(); a == b || !form.MatchString(a) {
		t.Errorf("%s, %s", a, b)
	}
}
