package protocol

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol/socks"
)

// socksServer is the reference server.
type socksServer struct {
	socksOptions
	out *outbound
	ctx context.Context
}

func prepareSOCKS(o ServeOptions) (prepared, error) {
	var s socksOptions
	err := decode(o.Options, &s)
	return preparedStream(o.Address, soak.Options{}, func(ctx context.Context) func(net.Conn) {
		return (&socksServer{s, newOutbound(o.OnOperation), ctx}).serve
	}), err
}

func (s *socksServer) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	if err := socks.Welcome(conn, s.User, s.Password); err != nil {
		return
	}
	command, destination, err := socks.ReadRequest(conn)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	switch command {
	case socks.Connect:
		s.connect(conn, destination)
	case socks.Associate:
		s.associate(conn)
	default:
		_ = reply(conn, socks.Unsupported, "0.0.0.0:0")
	}
}

func reply(conn net.Conn, code byte, bound string) error {
	b, err := socks.AppendReply(nil, code, bound)
	if err == nil {
		_, err = conn.Write(b)
	}
	return err
}

func (s *socksServer) connect(conn net.Conn, address string) {
	destination, err := s.out.dial(s.ctx, address)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		_ = reply(conn, socks.Refused, "0.0.0.0:0")
	case err != nil:
		_ = reply(conn, socks.Failed, "0.0.0.0:0")
	case reply(conn, socks.Succeeded, destination.LocalAddr().String()) != nil:
		destination.Close()
	default:
		s.out.relay(conn, destination)
	}
}

// associate relays datagrams until the client's connection ends.
func (s *socksServer) associate(conn net.Conn) {
	host, _, err := net.SplitHostPort(conn.LocalAddr().String())
	if err != nil {
		return
	}
	relay, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		_ = reply(conn, socks.Failed, "0.0.0.0:0")
		return
	}
	defer relay.Close()
	_ = relay.(*net.UDPConn).SetReadBuffer(socketBuffer) // less will do
	if reply(conn, socks.Succeeded, relay.LocalAddr().String()) != nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		s.datagrams(relay)
		close(ended)
	}()
	_, _ = io.Copy(io.Discard, conn)
	relay.Close()
	<-ended
}

// datagrams passes datagrams on: those of the first sender to their
// destinations, all others back to it.
func (s *socksServer) datagrams(relay net.PacketConn) {
	var client net.Addr
	buf := s.out.buffers.Get()
	defer s.out.buffers.Put(buf)
	for {
		n, from, err := relay.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of an earlier datagram
		}
		if client == nil {
			client = from
		}
		if from.String() == client.String() {
			s.forward(relay, buf[:n])
		} else if header, err := socks.AppendHeader(nil, from.String()); err == nil {
			_, _ = relay.WriteTo(append(header, buf[:n]...), client)
		}
	}
}

func (s *socksServer) forward(relay net.PacketConn, datagram []byte) {
	where, payload, err := socks.ParseDatagram(datagram)
	if err != nil {
		return
	}
	to, err := udpAddress(s.ctx, where)
	if err != nil {
		return
	}
	if _, err := relay.WriteTo(payload, to); err == nil {
		s.out.onOperation()
	}
}
