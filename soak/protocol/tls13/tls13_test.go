package tls13

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The keys of a handshake in RFC 8448, section 3.
func TestHandshake_KeysOfRFC8448(t *testing.T) {
	s := suites[tls.TLS_AES_128_GCM_SHA256]
	secret := unhex(t, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
	if key := s.expand(secret, "key", nil, 16); hex.EncodeToString(key) != "3fce516009c21727d0f2e4e86ee403bc" {
		t.Errorf("key %x", key)
	}
	p, err := newProtection(s, secret)
	if err != nil || hex.EncodeToString(p.iv[:]) != "5d313eb2671276ee13000b30" {
		t.Errorf("iv %x, %v", p.iv, err)
	}
	early := s.extract(nil, nil)
	if hex.EncodeToString(early) != "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a" {
		t.Errorf("early secret %x", early)
	}
	empty := s.hash().Sum(nil)
	if derived := s.expand(early, "derived", empty, 32); hex.EncodeToString(derived) != "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba" {
		t.Errorf("derived secret %x", derived)
	}
}

// sockets are the two ends of a TCP connection.
func sockets(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := l.Accept()
		accepted <- conn
	}()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	for _, c := range []net.Conn{client, server} {
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { c.Close() })
	}
	return client, server
}

// pair is a connection with the same suite at both ends.
func pair(t testing.TB, suite uint16) (client, server *Conn) {
	t.Helper()
	a, b := sockets(t)
	one, two := make([]byte, 32), make([]byte, 32)
	_, _ = rand.Read(one)
	_, _ = rand.Read(two)
	client, err := newConn(NewTransport(a), suites[suite], one, two)
	if err != nil {
		t.Fatal(err)
	}
	server, err = newConn(NewTransport(b), suites[suite], two, one)
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func newCertificate(t testing.TB) (der []byte, key ed25519.PrivateKey) {
	t.Helper()
	public, key, _ := ed25519.GenerateKey(rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"a.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// echo sends sizes through a connection and back.
func echo(t *testing.T, client, server net.Conn) {
	t.Helper()
	var served sync.WaitGroup
	served.Go(func() {
		_, _ = io.CopyBuffer(struct{ io.Writer }{server}, struct{ io.Reader }{server}, make([]byte, 70_000))
	})
	for _, size := range []int{1, 100, maxPlain - 1, maxPlain, maxPlain + 1, batch*maxPlain + 1, 1 << 20} {
		out, in := make([]byte, size), make([]byte, size)
		_, _ = rand.Read(out)
		sent := make(chan error, 1)
		go func() {
			_, err := client.Write(out)
			sent <- err
		}()
		if _, err := io.ReadFull(client, in); err != nil || !bytes.Equal(in, out) {
			t.Fatalf("%d bytes came back wrong: %v", size, err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	}
	client.Close()
	served.Wait()
	server.Close()
}

func TestConn_EverySuite(t *testing.T) {
	for suite := range suites {
		client, server := pair(t, suite)
		echo(t, client, server)
	}
}

func TestServe_CryptoTLSClient(t *testing.T) {
	der, key := newCertificate(t)
	for _, group := range []tls.CurveID{tls.X25519, tls.X25519MLKEM768} {
		a, b := sockets(t)
		served := make(chan *Conn, 1)
		go func() {
			transport := NewTransport(b)
			hello, err := transport.ReadClientHello()
			if err != nil || hello.ServerName != "a.example" || len(hello.Protocols) != 1 || hello.Protocols[0] != "h2" || len(hello.X25519Shares()) == 0 {
				t.Errorf("hello: %+v, %v", hello, err)
			}
			conn, err := transport.Serve(hello, der, key)
			if err != nil {
				t.Error(err)
			}
			served <- conn
		}()
		trusted := x509.NewCertPool()
		leaf, _ := x509.ParseCertificate(der)
		trusted.AddCert(leaf)
		client := tls.Client(a, &tls.Config{ServerName: "a.example", RootCAs: trusted, NextProtos: []string{"h2"}, CurvePreferences: []tls.CurveID{group}})
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		if client.ConnectionState().CurveID != group {
			t.Errorf("group %v, want %v", client.ConnectionState().CurveID, group)
		}
		if conn := <-served; conn != nil {
			echo(t, client, conn)
		}
	}
}

func TestTakeover_CryptoTLS(t *testing.T) {
	der, key := newCertificate(t)
	serverConfig := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	clientConfig := &tls.Config{InsecureSkipVerify: true}
	for _, client := range []bool{true, false} {
		a, b := sockets(t)
		if !client {
			a, b = b, a
		}
		// tls.Conn is at b, and sends tickets where it is the server.
		transport := NewTransport(a)
		theirs, ours := tls.Server(b, serverConfig), tls.Client(transport, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: transport.KeyLog()})
		if !client {
			own := serverConfig.Clone()
			own.KeyLogWriter, own.SessionTicketsDisabled = transport.KeyLog(), true
			theirs, ours = tls.Client(b, clientConfig), tls.Server(transport, own)
		}
		shaken := make(chan error, 1)
		go func() { shaken <- theirs.Handshake() }()
		if err := ours.Handshake(); err != nil {
			t.Fatal(err)
		}
		conn, err := transport.Takeover(ours.ConnectionState().CipherSuite, client)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		if client {
			echo(t, conn, theirs)
		} else {
			echo(t, theirs, conn)
		}
	}
}

func TestTransport_FinishedSentWithPayload(t *testing.T) {
	der, key := newCertificate(t)
	a, b := sockets(t)
	theirs := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	counted := &countWrites{Conn: a}
	transport := NewTransport(counted)
	ours := tls.Client(transport, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: transport.KeyLog()})
	read := make(chan string, 1)
	go func() {
		buf := make([]byte, 10)
		n, _ := theirs.Read(buf)
		read <- string(buf[:n])
	}()
	if err := ours.Handshake(); err != nil {
		t.Fatal(err)
	}
	conn, err := transport.Takeover(ours.ConnectionState().CipherSuite, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("payload")); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != "payload" || counted.writes != 2 {
		t.Errorf("%q came, in %d writes; want 2: hello, and the rest", got, counted.writes)
	}
}

type countWrites struct {
	net.Conn
	writes int
}

func (c *countWrites) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}

func TestConn_KeyUpdate(t *testing.T) {
	client, server := pair(t, tls.TLS_AES_128_GCM_SHA256)
	client.mu.Lock()
	err := client.sendMessage(typeHandshake, keyUpdate, 0, 0, 1, 1)
	next, nextErr := client.out.next()
	client.out = next
	client.mu.Unlock()
	if err != nil || nextErr != nil {
		t.Fatal(err, nextErr)
	}
	before := client.in
	echo(t, client, server)
	if client.in == before {
		t.Error("the server did not change its keys")
	}
}

func TestConn_CloseNotifyAndTampering(t *testing.T) {
	client, server := pair(t, tls.TLS_AES_128_GCM_SHA256)
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	if _, err := server.Read(buf); !errors.Is(err, io.EOF) {
		t.Errorf("after a goodbye: %v", err)
	}
	if _, err := client.Write(buf); err == nil {
		t.Error("a write after a goodbye passed")
	}
	if _, err := server.Write([]byte("still")); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(buf); string(buf[:n]) != "still" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}

	client, server = pair(t, tls.TLS_AES_128_GCM_SHA256)
	record := client.out.seal(nil, []byte("payload"), typeApplication)
	record[len(record)-1]++
	_, _ = client.NetConn().Write(record)
	if n, err := server.Read(buf); n != 0 || !errors.Is(err, errRecord) {
		t.Errorf("a changed record: %q, %v", buf[:n], err)
	}
	client, server = pair(t, tls.TLS_AES_128_GCM_SHA256)
	_, _ = client.NetConn().Write(client.out.seal(nil, []byte{2, 40}, typeAlert))
	if _, err := server.Read(buf); !errors.Is(err, tls.AlertError(40)) {
		t.Errorf("an alert: %v", err)
	}
}

func TestConn_ReadAfterTimeout(t *testing.T) {
	client, server := pair(t, tls.TLS_AES_128_GCM_SHA256)
	record := client.out.seal(nil, []byte("payload"), typeApplication)
	_, _ = client.NetConn().Write(record[:10])
	_ = server.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	buf := make([]byte, 10)
	if _, err := server.Read(buf); !isTimeout(err) {
		t.Fatalf("%v, want a time-out", err)
	}
	_ = server.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, _ = client.NetConn().Write(record[10:])
	if n, err := server.Read(buf); string(buf[:n]) != "payload" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

func TestConn_CloseDuringStuckWrite(t *testing.T) {
	client, _ := pair(t, tls.TLS_AES_128_GCM_SHA256)
	stuck := make(chan error, 1)
	go func() {
		_, err := client.Write(make([]byte, 64<<20))
		stuck <- err
	}()
	for client.mu.TryLock() { // until the write is under way
		client.mu.Unlock()
	}
	client.Close()
	if err := <-stuck; !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want that it was closed", err)
	}
}

func FuzzClientHello(f *testing.F) {
	a, b := net.Pipe()
	go func() {
		_ = tls.Client(a, &tls.Config{ServerName: "a.example", NextProtos: []string{"h2"}}).Handshake()
	}()
	hello, err := NewTransport(b).ReadClientHello()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello.Raw)
	a.Close()
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := parseClientHello(data); err == nil {
			h.X25519Shares()
			if hs, err := newHandshake(h); err == nil {
				_, _, _, _ = exchange(h)
				hs.add(nil, finished, func(*cryptobyte.Builder) {})
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	secret := make([]byte, 32)
	sealing, _ := newProtection(suites[tls.TLS_AES_128_GCM_SHA256], secret)
	stream := sealing.seal(nil, []byte("payload"), typeApplication)
	stream = sealing.seal(stream, []byte{keyUpdate, 0, 0, 1, 0}, typeHandshake)
	f.Add(stream)
	f.Add([]byte{typeApplication, 3, 3, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		conn, err := newConn(NewTransport(readOnly{Reader: bytes.NewReader(data)}), suites[tls.TLS_AES_128_GCM_SHA256], secret, secret)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(conn)
		if len(got) > 0 && !bytes.HasPrefix([]byte("payload"), got) {
			t.Errorf("%q came out", got)
		}
	})
}

// readOnly is a connection on which nothing can be sent.
type readOnly struct {
	net.Conn
	io.Reader
}

func (r readOnly) Read(p []byte) (int, error) { return r.Reader.Read(p) }
func (readOnly) Write(p []byte) (int, error)  { return 0, net.ErrClosed }
