package protocol

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"soakmon/soak"
	"soakmon/soak/load"
)

// authTimeout is how long a client may take to say who it is.
const authTimeout = 10 * time.Second

// quicServer serves each connection of a QUIC listener in a goroutine.
type quicServer struct {
	addr   string
	client soak.Options
	serve  func(context.Context, *quic.Conn) // until the connection has ended
	conns  *connSet[*quic.Conn]
	below  func() error // closes what the connections run on
}

// quicListen is what a reference server over QUIC listens with.
type quicListen struct {
	serve ServeOptions
	alpn  []string
	hide  obfuscator // nil: packets are sent as they are
}

// preparedQUIC makes a certificate, which ca of the client's options becomes.
func preparedQUIC(l quicListen, told optionSet, ca *string, serve func(context.Context, *quic.Conn)) (prepared, error) {
	certificate, pem, err := l.serve.selfSigned(l.serve.Address)
	if err != nil {
		return prepared{}, fmt.Errorf("serve: make a certificate: %w", err)
	}
	*ca = pem
	client, err := encode(told)
	return prepared{client, func(ctx context.Context) (Server, error) { return serveQUIC(ctx, l, client, certificate, serve) }}, err
}

// serveQUIC serves until the server is closed or ctx is done.
func serveQUIC(ctx context.Context, l quicListen, client soak.Options, certificate tls.Certificate, serve func(context.Context, *quic.Conn)) (Server, error) {
	socket, err := net.ListenPacket("udp", l.serve.Address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	addr := socket.LocalAddr().String()
	socket = quicSocket(peerSocket{socket.(*net.UDPConn), false}, l.hide)
	config := proxyQUICConfig()
	config.MaxIncomingStreams, config.MaxIncomingUniStreams, config.KeepAlivePeriod = 1<<20, 1<<20, 0
	transport := l.serve.quicTransport(socket)
	listener, err := transport.Listen(&tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: l.alpn}, config)
	if err != nil {
		return nil, errors.Join(err, transport.Close(), socket.Close())
	}
	s := &quicServer{
		addr: addr, client: client, serve: serve,
		conns: newConnSet(func(conn *quic.Conn) { _ = conn.CloseWithError(0, "") }),
		below: func() error { return errors.Join(listener.Close(), transport.Close(), socket.Close()) },
	}
	s.conns.bind(ctx, s.Close)
	s.conns.served.Go(func() { s.accept(listener) })
	return s, nil
}

// quicTransport lets clients know of a server that was there before it with the same
// seed that it does not know them (RFC 9000 section 10.3).
func (o ServeOptions) quicTransport(socket net.PacketConn) *quic.Transport {
	reset := quic.StatelessResetKey(o.secret("stateless reset"))
	return &quic.Transport{Conn: socket, StatelessResetKey: &reset}
}

func (s *quicServer) Addr() string          { return s.addr }
func (s *quicServer) Options() soak.Options { return s.client }

func (s *quicServer) accept(listener *quic.Listener) {
	for {
		conn, err := listener.Accept(context.Background())
		if err != nil {
			return // closed
		}
		s.conns.serve(conn, func(conn *quic.Conn) { s.serve(conn.Context(), conn) })
	}
}

// Close closes the connections and the listener, and waits for their ends.
func (s *quicServer) Close() error { return s.conns.close(s.below) }

// quicOutbound is an outbound that reads heads of streams, with buffers for them
// and for what comes with them.
type quicOutbound struct {
	*outbound
	heads load.Buffers
}

const headBuffer = 8 << 10

func newQUICOutbound(onOperation func()) quicOutbound {
	return quicOutbound{newOutbound(onOperation), load.NewBuffers(headBuffer)}
}

// readHead reads what a stream begins with. What came with it is read again,
// until done.
func (o quicOutbound) readHead(s *quicStream, parse func([]byte) (int, error)) (done func(), err error) {
	buf := o.heads.Get()
	return func() { o.heads.Put(buf) }, s.readHead(buf, parse)
}

// acceptStreams serves each bidirectional stream of a connection in a goroutine,
// until the connection has ended and all are served.
func acceptStreams(ctx context.Context, conn *quic.Conn, serve func(*quicStream)) {
	var served sync.WaitGroup
	defer served.Wait()
	for {
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		served.Go(func() {
			s := &quicStream{Stream: stream, conn: conn}
			defer s.Close()
			serve(s)
		})
	}
}
