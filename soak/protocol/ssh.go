package protocol

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol/address"
)

func init() {
	register(Protocol{
		Name:      "ssh",
		Help:      "TCP forwarding of SSH (direct-tcpip): channels of one connection, or a connection each",
		Networks:  []string{"tcp"},
		Transport: overTCP,
		Proxy:     true,
		Dirty:     append([]string{load.HandshakeReset, load.StreamReset, load.WrongAuth}, load.DirtyKinds...),
		settings:  &sshOptions{},
		Variants:  []string{connectionsVariant},
		Dial:      dialSSH,
		prepare:   prepareSSH,
	})
}

// sshCiphers are the ciphers that are offered, the fastest first on a machine
// with AES instructions.
var sshCiphers = []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM, ssh.CipherChaCha20Poly1305, ssh.CipherAES128CTR}

// sshExchanges begin with the cheapest; a server that has it takes it.
var sshExchanges = []string{ssh.KeyExchangeCurve25519, ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeECDHP256, ssh.KeyExchangeDH14SHA256}

// sshOptions are the options of a load and of the reference server.
type sshOptions struct {
	Connections string
	User        string
	Password    string
	PrivateKey  string
	HostKey     string
	Insecure    bool
	Ciphers     []string

	signer ssh.Signer // of PrivateKey; nil where there is none
}

func (s *sshOptions) schema() []Option {
	return []Option{
		connectionsOption(&s.Connections),
		option("user", &s.User, SideBoth, "soak", "name of the user"),
		option("password", &s.Password, SideBoth, "", "password of the user"),
		option("private_key", &s.PrivateKey, SideBoth, "", "private key of the user: PEM text or the path of a PEM file, without a passphrase"),
		option("host_key", &s.HostKey, SideClient, "", "public key of the server as in known_hosts or a .pub file, or the path of such a file"),
		option("insecure", &s.Insecure, SideClient, false, "accept any host key"),
		option("ciphers", &s.Ciphers, SideBoth, slices.Clone(sshCiphers), // a list is decoded in its place
			"the preferred one first", ssh.SupportedAlgorithms().Ciphers...),
	}
}

func decodeSSH(o soak.Options) (s sshOptions, err error) {
	if err := decode(o, &s); err != nil {
		return s, err
	}
	if s.PrivateKey == "" {
		return s, nil
	}
	text, err := textOrFile(s.PrivateKey, "-----BEGIN")
	if err != nil {
		return s, options.Errorf(o, "private_key", "%v", err)
	}
	s.signer, err = ssh.ParsePrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return s, options.Errorf(o, "private_key", "is locked with a passphrase: make one without, with ssh-keygen -N ''")
	}
	if err != nil {
		return s, options.Errorf(o, "private_key", "invalid private key: use PEM")
	}
	return s, nil
}

// textOrFile is the text itself where it has a mark, else the content of the file
// that it names.
func textOrFile(text, mark string) ([]byte, error) {
	if strings.Contains(text, mark) {
		return []byte(text), nil
	}
	return os.ReadFile(text)
}

// hostKey reads the server's public key.
func (s sshOptions) hostKey(o soak.Options) (ssh.PublicKey, error) {
	text, err := textOrFile(s.HostKey, " ")
	if err != nil {
		return nil, options.Errorf(o, "host_key", "%v", err)
	}
	if _, _, key, _, _, err := ssh.ParseKnownHosts(text); err == nil {
		return key, nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, options.Errorf(o, "host_key", "invalid public key: write it as ssh-keyscan prints it: ssh-ed25519 AAAA…")
	}
	return key, nil
}

// sshDialer opens channels to one destination.
type sshDialer struct {
	*sshEndpoint
	destination []byte // as a direct-tcpip request names it
	shared      *sharedConn[*sshLink]
}

func dialSSH(w soak.Workload) (load.Dialer, error) {
	s, err := decodeSSH(w.Options)
	if err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	host, port, err := address.Split(w.Destination)
	if err != nil {
		return nil, err
	}
	e, err := s.endpoint(w)
	if err != nil {
		return nil, err
	}
	d := &sshDialer{sshEndpoint: e, destination: ssh.Marshal(directTCPIP{host, uint32(port), "127.0.0.1", 0})}
	if s.Connections == sharedConnections {
		d.shared = &sharedConn[*sshLink]{dial: e.dial, ended: (*sshLink).ended, close: (*sshLink).Close}
	}
	return d, nil
}

// directTCPIP is the extra data of a channel to a destination (RFC 4254 section
// 7.2).
type directTCPIP struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// endpoint is the server to connect to and how.
func (s sshOptions) endpoint(w soak.Workload) (*sshEndpoint, error) {
	config := &ssh.ClientConfig{User: s.User, Config: ssh.Config{Ciphers: s.Ciphers, KeyExchanges: sshExchanges}}
	if s.signer != nil {
		config.Auth = append(config.Auth, ssh.PublicKeys(s.signer))
	}
	if s.Password != "" {
		config.Auth = append(config.Auth, ssh.Password(s.Password))
	}
	switch {
	case len(config.Auth) == 0:
		return nil, options.Errorf(w.Options, "password", "is missing: give a password or a private_key")
	case s.Insecure:
		config.HostKeyCallback = ssh.InsecureIgnoreHostKey()
	case s.HostKey == "":
		return nil, options.Errorf(w.Options, "host_key", "is missing: give the server's public key, or insecure: true")
	default:
		key, err := s.hostKey(w.Options)
		if err != nil {
			return nil, err
		}
		config.HostKeyAlgorithms = hostKeyAlgorithms(key.Type())
		config.HostKeyCallback = expect(key)
	}
	return &sshEndpoint{address: w.Address, config: config}, nil
}

// hostKeyAlgorithms are those of a key of a type: an RSA key signs with SHA-2
// (RFC 8332).
func hostKeyAlgorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// expect refuses other host keys.
func expect(key ssh.PublicKey) ssh.HostKeyCallback {
	return func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		if bytes.Equal(shown.Marshal(), key.Marshal()) {
			return nil
		}
		return &load.Error{Kind: load.BadServerKey, Err: fmt.Errorf("the server's key is %s, not %s: check host_key, and who answers at this address",
			ssh.FingerprintSHA256(shown), ssh.FingerprintSHA256(key))}
	}
}

// Dial implements load.Dialer.
func (d *sshDialer) Dial(ctx context.Context) (net.Conn, error) {
	if d.shared == nil {
		return d.dialOwn(ctx)
	}
	link, err := d.shared.get(ctx)
	if err != nil {
		return nil, err
	}
	c, err := link.open(ctx, d.destination)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// dialOwn opens a channel of a connection of its own.
func (d *sshDialer) dialOwn(ctx context.Context) (*sshChannel, error) {
	link, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	c, err := link.open(ctx, d.destination)
	if err != nil {
		link.Close()
		return nil, err
	}
	c.own = true
	return c, nil
}

// Drain implements load.Drainer.
func (d *sshDialer) Drain() error {
	if d.shared == nil {
		return nil
	}
	return d.shared.Drain()
}

// Close implements load.Dialer.
func (d *sshDialer) Close() error {
	if d.shared == nil {
		return nil
	}
	return d.shared.Close()
}

// sshError gives the errors of x/crypto/ssh their kind.
func sshError(err error) error {
	if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return &load.Error{Kind: load.NoDestination, Err: fmt.Errorf("the server opens no channel to the destination (%s): %s", refused.Reason, cmp.Or(refused.Message, "check that it may and can reach it"))}
	}
	if err != nil && strings.Contains(err.Error(), "ssh: unable to authenticate") {
		return &load.Error{Kind: load.BadAuth, Err: fmt.Errorf("check user, password and private_key: %w", err)}
	}
	if err != nil && strings.Contains(err.Error(), "ssh: disconnect") {
		return &load.Error{Kind: "reset", Err: err}
	}
	return err
}
