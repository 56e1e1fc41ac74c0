package protocol

import (
	"cmp"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"time"

	utls "github.com/refraction-networking/utls"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol/reality"
	"soakmon/soak/protocol/tls13"
	"soakmon/soak/protocol/vless"
)

func init() {
	register(Protocol{
		Name:      "reality",
		Help:      "VLESS over REALITY: TLS 1.3 in the guise of a visit to another site",
		Networks:  []string{"tcp", "udp"},
		Transport: overTCP,
		Proxy:     true,
		Dirty:     tunnelDirty,
		settings:  &realityOptions{},
		Dial:      dialReality,
		prepare:   prepareReality,
	})
}

// fingerprints are the ClientHellos that can carry REALITY: TLS 1.3 with a key
// share of X25519. (The HelloGolang of utls panics when it is built in advance.)
var fingerprints = map[string]utls.ClientHelloID{
	"chrome":  utls.HelloChrome_Auto,
	"firefox": utls.HelloFirefox_Auto,
	"safari":  utls.HelloSafari_Auto,
	"ios":     utls.HelloIOS_Auto,
	"edge":    utls.HelloEdge_Auto,
	"qq":      utls.HelloQQ_Auto,
}

func fingerprintNames() []string { return slices.Sorted(maps.Keys(fingerprints)) }

// realityOptions are the options of a load and of the reference server.
type realityOptions struct {
	UUID        string
	PublicKey   string
	PrivateKey  string
	ShortID     string
	SNI         string
	ServerName  string
	Fingerprint string
	Flow        string
}

func (r *realityOptions) schema() []Option {
	return []Option{
		option("uuid", &r.UUID, SideBoth, "", "UUID of the user"),
		option("public_key", &r.PublicKey, SideBoth, "", "X25519 public key of the server in base64, as printed by sing-box generate reality-keypair or xray x25519"),
		option("short_id", &r.ShortID, SideBoth, "", "up to 16 hexadecimal digits, one of the ids that the server accepts"),
		option("sni", &r.SNI, SideBoth, "", "name of the camouflage site, one of the names that the server accepts; the address of the server by default"),
		option("server_name", &r.ServerName, SideBoth, "", "the same as sni"),
		option("fingerprint", &r.Fingerprint, SideClient, "chrome", "browser whose ClientHello is sent: one with TLS 1.3 and X25519", fingerprintNames()...),
		option("flow", &r.Flow, SideBoth, "", "must be empty: flows are not supported"),
		option("private_key", &r.PrivateKey, SideBoth, "", "X25519 private key of the server in base64, for the reference server; a client needs it only in place of public_key"),
	}
}

// realityKeys are the options, read.
type realityKeys struct {
	user        vless.UUID
	public      *ecdh.PublicKey
	private     *ecdh.PrivateKey // of the server; nil where it is not given
	shortID     reality.ShortID
	serverName  string // "" where it is not given
	fingerprint utls.ClientHelloID
}

// decodeReality reads the options, of which all may be absent.
func decodeReality(o soak.Options) (k realityKeys, err error) {
	var r realityOptions
	if err := decode(o, &r); err != nil {
		return k, err
	}
	k.fingerprint = fingerprints[r.Fingerprint]
	if r.Flow != "" {
		return k, options.Errorf(o, "flow", "%q is not supported: leave the flow empty, and out of this user of the server", r.Flow)
	}
	k.serverName = cmp.Or(r.SNI, r.ServerName)
	for _, c := range []struct {
		key, text string
		parse     func(string) error
	}{
		{"uuid", r.UUID, func(s string) (err error) { k.user, err = vless.ParseUUID(s); return err }},
		{"public_key", r.PublicKey, func(s string) (err error) { k.public, err = reality.ParsePublicKey(s); return err }},
		{"private_key", r.PrivateKey, func(s string) (err error) { k.private, err = reality.ParsePrivateKey(s); return err }},
		{"short_id", r.ShortID, func(s string) (err error) { k.shortID, err = reality.ParseShortID(s); return err }},
	} {
		if c.text == "" {
			continue
		}
		if err := c.parse(c.text); err != nil {
			return k, options.Errorf(o, c.key, "%v", err)
		}
	}
	if k.public == nil && k.private != nil {
		k.public = k.private.PublicKey()
	}
	return k, nil
}

func dialReality(w soak.Workload) (load.Dialer, error) {
	k, err := decodeReality(w.Options)
	if err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	switch {
	case k.public == nil:
		return nil, options.Errorf(w.Options, "public_key", "is missing: REALITY needs the server's public key")
	case k.user == vless.UUID{}:
		return nil, options.Errorf(w.Options, "uuid", "is missing: VLESS needs the uuid of a user of the server")
	case k.serverName == "":
		k.serverName = hostOf(w.Address)
	}
	right, wrong, err := vlessInner(w, k.user)
	if err != nil {
		return nil, err
	}
	astray := k
	_, _ = rand.Read(astray.shortID[:])
	t := newTunnel(w, k.handshake, right)
	t.wrong = []*tunnel{newTunnel(w, astray.handshake, right), newTunnel(w, k.handshake, wrong)}
	return t, nil
}

// handshake does the handshake of REALITY.
func (k realityKeys) handshake(t *tls13.Transport) (*tls13.Conn, error) {
	var key reality.Key
	config := &utls.Config{
		ServerName:             k.serverName,
		InsecureSkipVerify:     true, // the certificate is checked below
		SessionTicketsDisabled: true,
		KeyLogWriter:           t.KeyLog(),
		VerifyConnection: func(s utls.ConnectionState) error {
			if !key.Signed(s.PeerCertificates[0].PublicKey, s.PeerCertificates[0].Signature) {
				return errDecoy
			}
			return nil
		},
	}
	conn, err := greet(t, config, k.fingerprint)
	if err != nil {
		return nil, err
	}
	private, err := keyShare(conn)
	if err != nil {
		return nil, err
	}
	hello := conn.HandshakeState.Hello
	if key, err = reality.Seal(hello.Raw, private, k.public, k.shortID, time.Now()); err != nil {
		return nil, err
	}
	hello.SessionId = reality.SessionID(hello.Raw)
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	return t.Takeover(conn.ConnectionState().CipherSuite, true)
}

// greet builds a browser's ClientHello.
func greet(t *tls13.Transport, config *utls.Config, browser utls.ClientHelloID) (*utls.UConn, error) {
	spec, err := utls.UTLSIdToSpec(browser)
	if err != nil {
		return nil, err
	}
	for _, extension := range spec.Extensions {
		if grease, ok := extension.(*utls.GREASEEncryptedClientHelloExtension); ok {
			// A key that nobody will use need not be one: making it would cost
			// as much as the rest of the hello.
			grease.EncapsulatedKey = make([]byte, 32)
			_, _ = rand.Read(grease.EncapsulatedKey)
		}
	}
	conn := utls.UClient(t, config, utls.HelloCustom)
	if err := conn.ApplyPreset(&spec); err != nil {
		return nil, err
	}
	return conn, conn.BuildHandshakeState()
}

// keyShare is the private key of the X25519 key share of a ClientHello.
func keyShare(conn *utls.UConn) (*ecdh.PrivateKey, error) {
	keys := conn.HandshakeState.State13.KeyShareKeys
	if key := cmp.Or(keys.Ecdhe, keys.MlkemEcdhe); key != nil && key.Curve() == ecdh.X25519() {
		return key, nil
	}
	return nil, errors.New("the fingerprint has no key share of X25519")
}

// errDecoy says that the certificate is not the REALITY server's.
var errDecoy = &load.Error{Kind: load.Decoy, Err: errors.New("the camouflage site answered in the server's place: check public_key, short_id and sni, and the clocks of both machines")}
