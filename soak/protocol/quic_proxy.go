package protocol

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"soakmon/soak"
	"soakmon/soak/load"
)

// proxyOptions are those that all proxy protocols over QUIC have.
type proxyOptions struct {
	Connections string
	SNI         string
	ALPN        []string
	CA          string
	Insecure    bool
}

// extend adds them to a protocol's own; alpn is the default.
func (o *proxyOptions) extend(own []Option, alpn string) []Option {
	return append(own,
		connectionsOption(&o.Connections),
		option("sni", &o.SNI, SideClient, "", "server name for TLS; the host of the address by default"),
		option("alpn", &o.ALPN, SideBoth, []string{alpn}, "application protocols for TLS"),
		caOption(&o.CA),
		insecureOption(&o.Insecure))
}

// proxyDirty are the kinds of dirty sessions of proxies over QUIC.
var proxyDirty = []string{load.Reset, load.Silent, load.HalfOpen, load.Abort, load.SlowReader, load.StreamReset, load.WrongAuth}

// Windows of flow control: a transfer on a fast path must not wait for them.
const (
	streamWindow = 8 << 20
	connWindow   = 32 << 20
)

// proxyQUICConfig is that of both sides of a proxy over QUIC.
func proxyQUICConfig() *quic.Config {
	c := quicConfig()
	c.EnableDatagrams = true
	c.InitialStreamReceiveWindow, c.MaxStreamReceiveWindow = streamWindow, 2*streamWindow
	c.InitialConnectionReceiveWindow, c.MaxConnectionReceiveWindow = connWindow, 2*connWindow
	return c
}

// proxyCodec is what a protocol adds to QUIC on the client's side.
type proxyCodec interface {
	// authenticate makes a connection the proxy's, with the credentials or with
	// wrong ones. Where the protocol has no answer it does not wait for one.
	authenticate(ctx context.Context, conn *quic.Conn, wrong bool) error
	// request is what a stream to the destination begins with. Its capacity is
	// its length.
	request() []byte
	// answer reads what the server's side of a stream begins with, and gives its
	// length; nil where there is nothing.
	answer() func([]byte) (int, error)
	// refusal says what an error means that came in place of a stream's first
	// byte.
	refusal(link *quicLink, err error) error
	// datagrams is the form of relayed ones.
	datagrams() datagramCodec
	// associate opens an association for datagrams.
	associate(ctx context.Context, link *quicLink) (proxyAssociation, error)
}

// proxyAssociation is an association as its client knows it.
type proxyAssociation struct {
	id    uint32
	leave func()          // announces its end to the server
	ended <-chan struct{} // closed when the server has ended it; nil where servers do not announce it
}

// quicProxy dials through the server of a proxy protocol over QUIC.
type quicProxy struct {
	codec                proxyCodec
	address, destination string
	overStreams          bool // datagrams use streams
	network              string
	payload              int64
	tls                  *tls.Config
	hide                 obfuscator             // nil: packets are sent as they are
	shared               *sharedConn[*quicLink] // nil: each session has a connection of its own
	halfOpens            atomic.Uint64
}

// newQUICProxy makes the dialer of a load. codec is still to be set.
func newQUICProxy(w soak.Workload, o proxyOptions) (*quicProxy, error) {
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	if _, ok := w.Dirty[load.StreamReset]; ok && w.Network == networkUDP {
		return nil, fmt.Errorf("network udp has no dirty sessions of kind %q: there is no stream", load.StreamReset)
	}
	if o.SNI == "" {
		o.SNI, _, _ = net.SplitHostPort(w.Address)
	}
	config, err := clientTLS(w.Options, o.CA, o.SNI, o.Insecure)
	if err != nil {
		return nil, err
	}
	config.NextProtos = o.ALPN
	p := &quicProxy{address: w.Address, destination: w.Destination, network: w.Network, payload: w.Payload, tls: config}
	if o.Connections == sharedConnections {
		p.shared = &sharedConn[*quicLink]{
			dial:  p.dialLink,
			ended: func(l *quicLink) bool { return l.conn.Context().Err() != nil },
			close: (*quicLink).Close,
		}
	}
	return p, nil
}

// Dial implements load.Dialer.
func (p *quicProxy) Dial(ctx context.Context) (net.Conn, error) {
	link, release, err := p.link(ctx)
	if err != nil {
		return nil, err
	}
	s, err := link.open(ctx)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	s.release = release
	return s, nil
}

// link gives the connection for a session, and what to do after it.
func (p *quicProxy) link(ctx context.Context) (*quicLink, func() error, error) {
	if p.shared != nil {
		link, err := p.shared.get(ctx)
		return link, func() error { return nil }, err
	}
	link, err := p.dialLink(ctx)
	if err != nil {
		return nil, nil, err
	}
	return link, link.Close, nil
}

// Close implements load.Dialer.
func (p *quicProxy) Close() error {
	if p.shared == nil {
		return nil
	}
	return p.shared.Close()
}

// Drain implements load.Drainer.
func (p *quicProxy) Drain() error {
	if p.shared == nil {
		return nil
	}
	return p.shared.Drain()
}

// quicLink is a connection to the server on a socket of its own.
type quicLink struct {
	proxy    *quicProxy
	conn     *quic.Conn
	below    func() error // closes the layers below the connection
	answered atomic.Bool  // a stream had an answer
	lost     atomic.Bool  // given up by us

	associated atomic.Uint32 // numbers associations
	packets    linkPackets
}

func (p *quicProxy) dialLink(ctx context.Context) (*quicLink, error) {
	socket, err := p.socket(ctx)
	if err != nil {
		return nil, err
	}
	link, err := p.handshake(ctx, p.fast(socket), socket.RemoteAddr())
	if err != nil {
		return nil, err
	}
	if err := p.codec.authenticate(ctx, link.conn, false); err != nil {
		link.Close()
		return nil, quicError(err)
	}
	return link, nil
}

// socket makes one with the server as its only peer, so that a server that is
// not there is known at once.
func (p *quicProxy) socket(ctx context.Context) (peerSocket, error) {
	conn, err := udpDialer(p.address).Dial(ctx)
	if err != nil {
		return peerSocket{}, err
	}
	return peerSocket{conn.(*net.UDPConn), true}, nil
}

// fast makes the most of a socket for many sessions. For one alone the memory
// that this takes would be too much.
func (p *quicProxy) fast(socket peerSocket) net.PacketConn {
	if p.shared == nil {
		return hidden(socket, p.hide)
	}
	return quicSocket(socket, p.hide)
}

// handshake makes a connection that is not authenticated. It owns the socket.
func (p *quicProxy) handshake(ctx context.Context, socket net.PacketConn, server net.Addr) (*quicLink, error) {
	transport := &quic.Transport{Conn: socket}
	below := func() error { return errors.Join(transport.Close(), socket.Close()) }
	conn, err := transport.Dial(ctx, server, p.tls, proxyQUICConfig())
	if err != nil {
		below()
		return nil, quicError(err)
	}
	return &quicLink{proxy: p, conn: conn, below: below}, nil
}

// open opens a stream to the destination. Nothing is sent yet.
func (l *quicLink) open(ctx context.Context) (*proxyStream, error) {
	stream, err := l.conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, l.proxy.codec.refusal(l, l.failed(err, time.Now(), 0))
	}
	s := &proxyStream{link: l, request: l.proxy.codec.request(), answer: l.proxy.codec.answer(), first: true}
	s.Stream, s.conn = stream, l.conn
	return s, nil
}

// heard is the number of packets that came from the server.
func (l *quicLink) heard() uint64 { return l.conn.ConnectionStats().PacketsReceived }

// slack is how long a server may be silent at least: it acknowledges within
// 25 ms (RFC 9000, section 18.2).
const slack = 200 * time.Millisecond

// giveUpIfSilent closes the connection where nothing at all was heard on it since
// sentAt, for longer than slack: the server is gone, and another can be dialled
// long before the idle time-out.
func (l *quicLink) giveUpIfSilent(sentAt time.Time, heard uint64, slack time.Duration) {
	stats := l.conn.ConnectionStats()
	if stats.PacketsReceived == heard && time.Since(sentAt) > slack+3*stats.SmoothedRTT && !l.lost.Swap(true) {
		_ = l.conn.CloseWithError(0, "") // nobody hears it
	}
}

// failed gives an error its kind. heard is what had been heard on the connection
// at sentAt.
func (l *quicLink) failed(err error, sentAt time.Time, heard uint64) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.giveUpIfSilent(sentAt, heard, slack)
		return err
	}
	if l.lost.Load() {
		return &load.Error{Kind: "timeout", Err: fmt.Errorf("the server at %s fell silent, so the connection was given up", l.proxy.address)}
	}
	if e, ok := errors.AsType[*quic.StreamError](err); ok && !e.Remote {
		return net.ErrClosed
	}
	if e, ok := errors.AsType[*quic.ApplicationError](err); ok && !e.Remote {
		return net.ErrClosed
	}
	return quicError(err)
}

// Close closes the connection, then the layers below it.
func (l *quicLink) Close() error {
	return errors.Join(l.conn.CloseWithError(0, ""), l.below())
}
