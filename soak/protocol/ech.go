package protocol

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol/ech"
	"soakmon/soak/protocol/tls13"
	"soakmon/soak/protocol/trojan"
	"soakmon/soak/protocol/vless"
)

func init() {
	register(Protocol{
		Name:      "ech",
		Help:      "VLESS or Trojan in TLS 1.3 with Encrypted Client Hello",
		Networks:  []string{"tcp", "udp"},
		Transport: overTCP,
		Proxy:     true,
		Dirty:     tunnelDirty,
		settings:  &echOptions{},
		Variants:  []string{`{"inner":"trojan"}`},
		Dial:      dialECH,
		prepare:   prepareECH,
	})
}

// What can be within TLS.
const (
	innerVLESS  = "vless"
	innerTrojan = "trojan"
)

// echOptions are the options of a load and of the reference server.
type echOptions struct {
	Inner      string
	UUID       string
	Password   string
	ECHConfig  string
	ECHKey     string
	SNI        string
	ServerName string
	ALPN       []string
	CA         string
	Insecure   bool

	user vless.UUID // of UUID, zero where there is none
}

func (e *echOptions) schema() []Option {
	return []Option{
		option("inner", &e.Inner, SideBoth, innerVLESS, "protocol inside TLS", innerVLESS, innerTrojan),
		option("uuid", &e.UUID, SideBoth, "", "UUID of the user, for vless"),
		option("password", &e.Password, SideBoth, "", "password of the user, for trojan"),
		option("ech_config", &e.ECHConfig, SideClient, "", "ECH configurations of the server: PEM (ECH CONFIGS) or base64, as in DNS"),
		option("sni", &e.SNI, SideBoth, "", "name of the server, which only the server sees; the address of the server by default"),
		option("server_name", &e.ServerName, SideBoth, "", "the same as sni"),
		option("alpn", &e.ALPN, SideBoth, nil, "application protocols to offer; none by default"),
		caOption(&e.CA),
		insecureOption(&e.Insecure),
		option("ech_key", &e.ECHKey, SideServer, "", "keys of the reference server, PEM (ECH KEYS); made by default"),
	}
}

func decodeECH(o soak.Options) (e echOptions, err error) {
	if err := decode(o, &e); err != nil {
		return e, err
	}
	if e.UUID != "" {
		if e.user, err = vless.ParseUUID(e.UUID); err != nil {
			return e, options.Errorf(o, "uuid", "%v", err)
		}
	}
	e.SNI = cmp.Or(e.SNI, e.ServerName)
	return e, nil
}

func dialECH(w soak.Workload) (load.Dialer, error) {
	e, err := decodeECH(w.Options)
	if err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	if e.ECHConfig == "" {
		return nil, options.Errorf(w.Options, "ech_config", "is missing: without it nothing can be encrypted for the server")
	}
	config, err := clientTLS(w.Options, e.CA, cmp.Or(e.SNI, hostOf(w.Address)), e.Insecure)
	if err != nil {
		return nil, err
	}
	if config.EncryptedClientHelloConfigList, err = ech.ParseConfigs(e.ECHConfig); err != nil {
		return nil, options.Errorf(w.Options, "ech_config", "%v", err)
	}
	config.NextProtos = e.ALPN
	config.CurvePreferences = []tls.CurveID{tls.X25519}
	// That ECH was rejected is what is wrong, whoever the outer name belongs to.
	config.EncryptedClientHelloRejectionVerify = func(tls.ConnectionState) error { return nil }
	right, wrong, err := e.inners(w)
	if err != nil {
		return nil, err
	}
	shake := func(t *tls13.Transport) (*tls13.Conn, error) { return shakeECH(t, config) }
	t := newTunnel(w, shake, right)
	t.wrong = []*tunnel{newTunnel(w, shake, wrong)}
	return t, nil
}

// inners are the beginnings of what is within TLS, right and with wrong
// credentials.
func (e echOptions) inners(w soak.Workload) (right, wrong inner, err error) {
	switch {
	case e.Inner == innerTrojan && e.Password == "":
		return right, wrong, options.Errorf(w.Options, "password", "is missing: Trojan needs one of the server's")
	case e.Inner == innerVLESS && e.user == vless.UUID{}:
		return right, wrong, options.Errorf(w.Options, "uuid", "is missing: VLESS needs the uuid of a user of the server")
	case e.Inner == innerTrojan:
		return trojanInner(w, e.Password)
	default:
		return vlessInner(w, e.user)
	}
}

// shakeECH does a handshake with Encrypted Client Hello.
func shakeECH(t *tls13.Transport, shared *tls.Config) (*tls13.Conn, error) {
	config := shared.Clone()
	config.KeyLogWriter = t.KeyLog()
	conn := tls.Client(t, config)
	err := conn.Handshake()
	if _, rejected := errors.AsType[*tls.ECHRejectionError](err); rejected {
		return nil, &load.Error{Kind: load.ECHRejected, Err: fmt.Errorf("the server cannot open the ClientHello: check that ech_config is that of the server's present key: %w", err)}
	}
	if err != nil {
		return nil, err
	}
	return t.Takeover(conn.ConnectionState().CipherSuite, true)
}

// echServer is a reference server of VLESS or Trojan.
type echServer struct {
	options echOptions
	tls     *tls.Config
	out     *outbound
}

// prepareECH makes a reference server, with what the options leave out.
func prepareECH(o ServeOptions) (prepared, error) {
	e, err := decodeECH(o.Options)
	if err != nil {
		return prepared{}, err
	}
	e.user = cmp.Or(e.user, o.user())
	e.UUID = e.user.String()
	e.Password = cmp.Or(e.Password, o.password())
	e.SNI = cmp.Or(e.SNI, "localhost")
	s := &echServer{options: e, out: newOutbound(o.OnOperation)}
	if s.tls, err = e.serverTLS(o); err != nil {
		return prepared{}, err
	}
	client, err := e.forClients(s.tls)
	return preparedStream(o.Address, client, func(ctx context.Context) func(net.Conn) {
		return func(conn net.Conn) { s.serve(ctx, conn) }
	}), err
}

// serverTLS makes the certificate and, where there is none, an ECH key.
func (e *echOptions) serverTLS(o ServeOptions) (config *tls.Config, err error) {
	config = &tls.Config{MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true, NextProtos: e.ALPN}
	var certificate tls.Certificate
	if certificate, e.CA, err = o.selfSigned(net.JoinHostPort(e.SNI, "443")); err != nil {
		return nil, fmt.Errorf("serve: make a certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{certificate}
	if e.ECHKey == "" {
		private, err := o.x25519()
		if err != nil {
			return nil, err
		}
		key, err := ech.New(camouflageName, private)
		config.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{key}
		return config, err
	}
	if config.EncryptedClientHelloKeys, err = ech.ParseKeys(e.ECHKey); err != nil {
		return nil, options.Errorf(o.Options, "ech_key", "%v", err)
	}
	return config, nil
}

// forClients are the options that clients need, and a server that takes this one's
// place.
func (e echOptions) forClients(config *tls.Config) (o soak.Options, err error) {
	if e.ECHConfig, err = ech.FormatConfigs(config.EncryptedClientHelloKeys); err != nil {
		return o, err
	}
	if e.ECHKey, err = ech.FormatKeys(config.EncryptedClientHelloKeys); err != nil {
		return o, err
	}
	e.ServerName = ""
	return encode(&e)
}

func (s *echServer) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	t := tls13.NewTransport(conn)
	config := s.tls.Clone()
	config.KeyLogWriter = t.KeyLog()
	within := tls.Server(t, config)
	if err := within.Handshake(); err != nil {
		t.Close()
		return
	}
	records, err := t.Takeover(within.ConnectionState().CipherSuite, false)
	if err != nil {
		return
	}
	if s.options.Inner == innerTrojan {
		s.out.serveTrojan(ctx, records, trojan.NewKey(s.options.Password))
	} else {
		s.out.serveVLESS(ctx, records, s.options.user)
	}
}
