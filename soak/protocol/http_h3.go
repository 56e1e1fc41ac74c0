package protocol

import (
	"context"
	"errors"
	"net"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"
)

// openH3 opens a session on a socket of its own, which it then owns.
func (l *httpLoad) openH3(ctx context.Context, socket net.PacketConn) (*httpSession, error) {
	transport := &quic.Transport{Conn: socket}
	// Neither the transport nor the connection closes the layer below it.
	closeBelow := func() error { return errors.Join(transport.Close(), socket.Close()) }
	conn, err := l.dialQUIC(ctx, transport)
	if err != nil {
		closeBelow()
		return nil, quicError(err)
	}
	client := (&h3.Transport{DisableCompression: true}).NewClientConn(conn)
	ended := func() bool { return conn.Context().Err() != nil }
	return l.session(client, ended, func() error {
		err := conn.CloseWithError(quic.ApplicationErrorCode(h3.ErrCodeNoError), "")
		return errors.Join(err, closeBelow())
	}), nil
}

func (l *httpLoad) dialQUIC(ctx context.Context, transport *quic.Transport) (*quic.Conn, error) {
	address, err := udpAddress(ctx, l.address)
	if err != nil {
		return nil, err
	}
	config := l.tls.Clone()
	config.NextProtos = []string{h3.NextProtoH3}
	if config.ServerName == "" {
		config.ServerName = l.request.URL.Hostname()
	}
	return transport.Dial(ctx, address, config, quicConfig())
}
