package protocol

import (
	"cmp"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
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
		Name:     "reality",
		Help:     "VLESS over REALITY: TLS 1.3 in the guise of a visit to another site",
		Networks: []string{"tcp", "udp"},
		Proxy:    true,
		Dirty:    tunnelDirty,
		Options: []Option{
			{"uuid", "of the user"},
			{"public_key", "the server's X25519 key in base64, as sing-box generate reality-keypair or xray x25519 print it"},
			{"short_id", "up to 16 hexadecimal digits, one of the server's; empty by default"},
			{"sni", "the name of the camouflage site, one of the server's; server_name is the same. The server's address by default"},
			{"fingerprint", "the browser whose ClientHello is sent: " + strings.Join(fingerprintNames(), ", ") + "; chrome by default"},
			{"flow", "empty: flows are not supported"},
			{"private_key", "the server's X25519 key in base64, for the reference server; a client needs it only in the place of public_key"},
		},
		Dial:  dialReality,
		Serve: serveReality,
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
	UUID        string `json:"uuid,omitempty"`
	PublicKey   string `json:"public_key,omitempty"`
	PrivateKey  string `json:"private_key,omitempty"`
	ShortID     string `json:"short_id,omitempty"`
	SNI         string `json:"sni,omitempty"`
	ServerName  string `json:"server_name,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	Flow        string `json:"flow,omitempty"`
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
	r := realityOptions{Fingerprint: "chrome"}
	if err := options.Decode(o, &r); err != nil {
		return k, err
	}
	var known bool
	if k.fingerprint, known = fingerprints[r.Fingerprint]; !known {
		return k, options.Errorf(o, "fingerprint", "%q is none of %s: REALITY needs a browser with TLS 1.3 and X25519", r.Fingerprint, strings.Join(fingerprintNames(), ", "))
	}
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
