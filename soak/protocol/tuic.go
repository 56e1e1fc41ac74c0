package protocol

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quic-go/quic-go"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol/tuic"
)

func init() {
	register(Protocol{
		Name:      "tuic",
		Help:      "TUIC version 5: TCP and UDP through a QUIC proxy",
		Networks:  []string{networkTCP, networkUDP},
		Transport: overUDP,
		Proxy:     true,
		Dirty:     proxyDirty,
		settings:  &tuicOptions{},
		Variants:  []string{connectionsVariant},
		Dial:      dialTUIC,
		prepare:   prepareTUIC,
	})
}

// Values of the option udp_relay_mode.
const (
	relayNative = "native"
	relayQUIC   = "quic"
)

// tuicHeartbeat is how often a client says that it is there.
const tuicHeartbeat = 10 * time.Second

// tuicOptions are those of both sides.
type tuicOptions struct {
	proxyOptions
	UUID         string
	Password     string
	UDPRelayMode string

	user tuic.UUID
}

func (t *tuicOptions) schema() []Option {
	return t.extend([]Option{
		option("uuid", &t.UUID, SideBoth, "", "UUID of the user"),
		option("password", &t.Password, SideBoth, "", "password of the user"),
		option("udp_relay_mode", &t.UDPRelayMode, SideClient, relayNative, "native: datagrams are relayed in QUIC datagrams; quic: each on its own stream, lossless", relayNative, relayQUIC),
	}, "h3")
}

func decodeTUIC(o soak.Options) (t tuicOptions, err error) {
	if err := decode(o, &t); err != nil {
		return t, err
	}
	if t.UUID != "" {
		if t.user, err = tuic.ParseUUID(t.UUID); err != nil {
			return t, options.Errorf(o, "uuid", "%v", err)
		}
	}
	return t, nil
}

func dialTUIC(w soak.Workload) (load.Dialer, error) {
	t, err := decodeTUIC(w.Options)
	if err != nil {
		return nil, err
	}
	p, err := newQUICProxy(w, t.proxyOptions)
	if err != nil {
		return nil, err
	}
	head, err := tuic.AppendConnect(nil, w.Destination)
	if err != nil {
		return nil, fmt.Errorf("destination: %w", err)
	}
	p.overStreams = t.UDPRelayMode == relayQUIC
	p.codec = &tuicClient{t, head}
	return p, nil
}

// tuicClient is the proxyCodec.
type tuicClient struct {
	tuicOptions
	head []byte
}

// authenticate has no answer: a server closes the connection when it has read
// wrong credentials.
func (c *tuicClient) authenticate(ctx context.Context, conn *quic.Conn, wrong bool) error {
	token, err := tuicToken(conn, c.user, c.Password)
	if err != nil {
		return err
	}
	if wrong {
		token[0] ^= 1
	}
	if err := sendTUIC(ctx, conn, tuic.AppendAuthenticate(nil, c.user, token)); err != nil {
		return err
	}
	go func() {
		beat := time.NewTicker(tuicHeartbeat)
		defer beat.Stop()
		for {
			select {
			case <-beat.C:
				_ = conn.SendDatagram(tuic.AppendHeartbeat(nil)) // where it fails, streams fail as well
			case <-conn.Context().Done():
				return
			}
		}
	}()
	return nil
}

// tuicToken proves the password on a connection.
func tuicToken(conn *quic.Conn, user tuic.UUID, password string) ([tuic.TokenSize]byte, error) {
	state := conn.ConnectionState().TLS
	token, err := state.ExportKeyingMaterial(string(user[:]), []byte(password), tuic.TokenSize)
	if err != nil {
		return [tuic.TokenSize]byte{}, err
	}
	return [tuic.TokenSize]byte(token), nil
}

// sendTUIC sends a command on a stream of its own.
func sendTUIC(ctx context.Context, conn *quic.Conn, command []byte) error {
	stream, err := conn.OpenUniStreamSync(ctx)
	if err != nil {
		return err
	}
	_, err = stream.Write(command)
	_ = stream.Close() // a server that has read it may have stopped the stream
	return err
}

func (c *tuicClient) request() []byte { return c.head[:len(c.head):len(c.head)] }

func (c *tuicClient) answer() func([]byte) (int, error) { return nil }

// refusal knows what servers do instead of answering: they close the connection
// of wrong credentials, and the stream of a destination out of reach. Of a
// connection that is closed, the end of a stream may be seen first.
func (c *tuicClient) refusal(link *quicLink, err error) error {
	_, reset := errors.AsType[*quic.StreamError](err)
	if (reset || errors.Is(err, io.EOF)) && !link.answered.Load() {
		select {
		case <-link.conn.Context().Done():
			err = context.Cause(link.conn.Context())
		case <-time.After(slack):
		}
	}
	closed, _ := errors.AsType[*quic.ApplicationError](err)
	switch {
	case closed != nil && closed.Remote && !link.answered.Load():
		return refusedAuth("uuid and password", cmp.Or(closed.ErrorMessage, "it closed the connection before it answered anything"))
	case reset, errors.Is(err, io.EOF):
		return refusedDestination("it closed the stream before a byte came back")
	}
	return err
}

func (c *tuicClient) datagrams() datagramCodec { return tuicDatagrams }

var tuicDatagrams = datagramCodec{tuic.AppendPacket, tuic.ParsePacket, tuic.AppendAddress, tuic.ParseAddress}

// associate takes a number; a server needs to know only its end.
func (c *tuicClient) associate(_ context.Context, link *quicLink) (proxyAssociation, error) {
	id := link.associated.Add(1) & 0xffff
	return proxyAssociation{id: id, leave: func() {
		if stream, err := link.conn.OpenUniStream(); err == nil {
			_, _ = stream.Write(tuic.AppendDissociate(nil, uint16(id))) // it ends with the connection at the latest
			stream.Close()
		}
	}}, nil
}

func prepareTUIC(o ServeOptions) (prepared, error) {
	t, err := decodeTUIC(o.Options)
	if err != nil {
		return prepared{}, err
	}
	if t.UUID == "" {
		t.user = tuic.UUID(o.user())
	}
	t.Password = cmp.Or(t.Password, o.password())
	client := &tuicOptions{UUID: t.user.String(), Password: t.Password, proxyOptions: proxyOptions{ALPN: t.ALPN}}
	s := &tuicServer{t, newQUICOutbound(o.OnOperation)}
	return preparedQUIC(quicListen{serve: o, alpn: t.ALPN}, client, &client.CA, s.serve)
}

// tuicServer is the reference server.
type tuicServer struct {
	tuicOptions
	out quicOutbound
}

// tuicConn is a client. Until it is authenticated all else waits.
type tuicConn struct {
	server        *tuicServer
	conn          *quic.Conn
	authenticated context.Context
	admit         context.CancelFunc
	associations  *associations
}

func (s *tuicServer) serve(ctx context.Context, conn *quic.Conn) {
	c := &tuicConn{server: s, conn: conn, associations: newAssociations(conn, s.out, tuicDatagrams)}
	defer c.associations.close()
	c.authenticated, c.admit = context.WithCancel(context.Background())
	defer c.admit()
	late := time.AfterFunc(authTimeout, func() {
		if c.authenticated.Err() == nil {
			_ = conn.CloseWithError(0, "authentication timed out")
		}
	})
	defer late.Stop()
	go c.commands(ctx)
	go func() {
		if c.wait(ctx) {
			c.associations.receive(ctx)
		}
	}()
	acceptStreams(ctx, conn, func(stream *quicStream) { c.connect(ctx, stream) })
}

// wait waits for the authentication, and reports whether it came.
func (c *tuicConn) wait(ctx context.Context) bool {
	select {
	case <-c.authenticated.Done():
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// commands obeys those on unidirectional streams.
func (c *tuicConn) commands(ctx context.Context) {
	for {
		stream, err := c.conn.AcceptUniStream(ctx)
		if err != nil {
			return
		}
		go c.command(ctx, stream)
	}
}

// largestCommand is the size of a Packet with as much as UDP can carry.
const largestCommand = 64<<10 + 512

func (c *tuicConn) command(ctx context.Context, stream *quic.ReceiveStream) {
	defer stream.CancelRead(0)
	b, err := io.ReadAll(io.LimitReader(stream, largestCommand))
	if err != nil {
		return
	}
	command, _, err := tuic.Parse(b)
	if err != nil {
		return
	}
	if command.Type == tuic.TypeAuthenticate {
		c.authenticate(command)
		return
	}
	if !c.wait(ctx) {
		return
	}
	switch command.Type {
	case tuic.TypePacket:
		c.associations.relay(command.Packet, true)
	case tuic.TypeDissociate:
		c.associations.end(command.Packet.Session)
	}
}

func (c *tuicConn) authenticate(command tuic.Command) {
	want, err := tuicToken(c.conn, c.server.user, c.server.Password)
	if err != nil || command.User != c.server.user || subtle.ConstantTimeCompare(want[:], command.Token[:]) != 1 {
		_ = c.conn.CloseWithError(0, "authentication failed")
		return
	}
	c.admit()
}

// connect serves a stream to a destination.
func (c *tuicConn) connect(ctx context.Context, stream *quicStream) {
	var address string
	done, err := c.server.out.readHead(stream, func(b []byte) (int, error) {
		command, n, err := tuic.Parse(b)
		if err == nil && command.Type != tuic.TypeConnect {
			err = tuic.ErrMalformed
		}
		if err == nil {
			address, err = tuic.ParseAddress(command.Packet.Address)
		}
		return n, err
	})
	defer done()
	if err != nil || !c.wait(ctx) {
		return
	}
	if destination, err := c.server.out.dial(ctx, address); err == nil {
		c.server.out.relay(stream, destination)
	}
}
