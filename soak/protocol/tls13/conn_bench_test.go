package tls13

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
)

// BenchmarkConn compares the records of this package with those of crypto/tls
// after the same handshake, with the buffers of a proxy: what it writes is what
// it read, up to 64 KiB. cpu-ns/op is that of both ends.
func BenchmarkConn(b *testing.B) {
	for name, take := range map[string]bool{"tls13": true, "crypto_tls": false} {
		client, server := tlsPair(b, take)
		b.Run("bulk/"+name, func(b *testing.B) {
			const size = 64 << 10
			b.SetBytes(size)
			done := make(chan error, 1)
			go func() {
				buf := make([]byte, size)
				for left := int64(b.N) * size; left > 0; {
					n, err := server.Read(buf)
					if left -= int64(n); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			out := make([]byte, size)
			before := processCPU()
			for range b.N {
				if _, err := client.Write(out); err != nil {
					b.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(processCPU()-before)/float64(b.N), "cpu-ns/op")
		})
		b.Run("echo/"+name, func(b *testing.B) {
			const size = 1200
			go func() {
				buf := make([]byte, size)
				for range b.N {
					if _, err := io.ReadFull(server, buf); err != nil {
						return
					}
					_, _ = server.Write(buf)
				}
			}()
			out := make([]byte, size)
			before := processCPU()
			for range b.N {
				_, _ = client.Write(out)
				if _, err := io.ReadFull(client, out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(processCPU()-before)/float64(b.N), "cpu-ns/op")
		})
		client.Close()
		server.Close()
	}
}

func processCPU() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// tlsPair is both ends of a connection over loopback, after a handshake of
// crypto/tls.
func tlsPair(b *testing.B, take bool) (client, server net.Conn) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	curves := []tls.CurveID{tls.X25519}
	ends := make(chan net.Conn, 1)
	der, key := newCertificate(b)
	go func() {
		config := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: true, CurvePreferences: curves}
		ends <- shake(b, accepted, take, false, config)
	}()
	client = shake(b, dialled, take, true, &tls.Config{InsecureSkipVerify: true, CurvePreferences: curves})
	return client, <-ends
}

func shake(b *testing.B, conn net.Conn, take, isClient bool, config *tls.Config) net.Conn {
	role := tls.Server
	if isClient {
		role = tls.Client
	}
	if !take {
		c := role(conn, config)
		if err := c.Handshake(); err != nil {
			b.Error(err)
		}
		return c
	}
	t := NewTransport(conn)
	config.KeyLogWriter = t.KeyLog()
	c := role(t, config)
	if err := c.Handshake(); err != nil {
		b.Error(err)
	}
	taken, err := t.Takeover(c.ConnectionState().CipherSuite, isClient)
	if err != nil {
		b.Error(err)
	}
	if err := taken.Flush(); err != nil {
		b.Error(err)
	}
	return taken
}
