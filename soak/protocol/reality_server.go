package protocol

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol/reality"
	"soakmon/soak/protocol/tls13"
)

// camouflageName is the name of the camouflage site where none is given.
const camouflageName = "www.example.com"

// realityServer is a REALITY server with a camouflage site of its own.
type realityServer struct {
	keys        realityKeys
	certificate []byte // DER, to be signed for each client
	private     ed25519.PrivateKey
	out         *outbound
	camouflage  Server
}

// prepareReality makes a reference server, with what the options leave out.
func prepareReality(o ServeOptions) (prepared, error) {
	k, err := decodeReality(o.Options)
	if err != nil {
		return prepared{}, err
	}
	k.user = cmp.Or(k.user, o.user())
	k.shortID = cmp.Or(k.shortID, reality.ShortID(o.secret("short id")))
	k.serverName = cmp.Or(k.serverName, camouflageName)
	if k.private == nil {
		if k.private, err = o.x25519(); err != nil {
			return prepared{}, err
		}
		k.public = k.private.PublicKey()
	}
	s := &realityServer{keys: k, private: o.ed25519(), out: newOutbound(o.OnOperation)}
	if s.certificate, err = bareCertificate(k.serverName, s.private); err != nil {
		return prepared{}, fmt.Errorf("serve: make a certificate: %w", err)
	}
	client, err := encode(&realityOptions{
		UUID: k.user.String(), PublicKey: reality.FormatKey(k.public), PrivateKey: reality.FormatKey(k.private),
		ShortID: k.shortID.String(), SNI: k.serverName, Fingerprint: "chrome",
	})
	return prepared{client, func(ctx context.Context) (Server, error) { return s.listen(ctx, o, client) }}, err
}

// listen starts the camouflage site as well.
func (s *realityServer) listen(ctx context.Context, o ServeOptions, client soak.Options) (_ Server, err error) {
	if s.camouflage, err = serveCamouflage(ctx, o, s.keys.serverName); err != nil {
		return nil, fmt.Errorf("serve: camouflage site: %w", err)
	}
	server, err := serveStream(ctx, o.Address, client, func(conn net.Conn) { s.serve(ctx, conn) })
	if err != nil {
		s.camouflage.Close()
		return nil, err
	}
	return serverPair{server, s.camouflage}, nil
}

func (s *realityServer) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	t := tls13.NewTransport(conn)
	hello, err := t.ReadClientHello()
	if err == nil {
		if key, ok := s.authentic(hello); ok {
			public := s.private.Public().(ed25519.PublicKey)
			within, err := t.Serve(hello, key.Sign(s.certificate, public), s.private)
			if err != nil {
				t.Close()
				return
			}
			s.out.serveVLESS(ctx, within, s.keys.user)
			return
		}
	}
	_ = conn.SetDeadline(time.Time{})
	s.visit(ctx, conn, t.Seen())
}

// authentic reports whether a ClientHello is that of a client which has our
// public key and short id.
func (s *realityServer) authentic(hello *tls13.ClientHello) (reality.Key, bool) {
	if hello.ServerName != s.keys.serverName {
		return reality.Key{}, false
	}
	for _, share := range hello.X25519Shares() {
		if key, id, _, ok := reality.Open(hello.Raw, share, s.keys.private); ok && id == s.keys.shortID {
			return key, true
		}
	}
	return reality.Key{}, false
}

// visit passes a client that is not one of ours on to the camouflage site.
func (s *realityServer) visit(ctx context.Context, conn net.Conn, seen []byte) {
	site, err := s.out.dial(ctx, s.camouflage.Addr())
	if err != nil {
		return
	}
	if _, err := site.Write(seen); err != nil {
		site.Close()
		return
	}
	uncounted := outbound{func() {}, s.out.buffers}
	uncounted.relay(conn, site)
}

// serveCamouflage starts a site with TLS 1.3 that has nothing to say.
func serveCamouflage(ctx context.Context, o ServeOptions, name string) (Server, error) {
	certificate, _, err := o.selfSigned(net.JoinHostPort(name, "443"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"}}
	return serveStream(ctx, "127.0.0.1:0", soak.Options{}, func(conn net.Conn) {
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(handshakeTime))
		if tls.Server(conn, config).Handshake() == nil {
			_, _ = conn.Read(make([]byte, 1)) // whatever it is
		}
	})
}
