package protocol

import (
	"context"
	"errors"
	"io"
	"net"

	"soakmon/soak/protocol/socks"
)

// DialPacket implements load.PacketDialer.
func (s *socksDialer) DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error) {
	control, relay, err := s.ask(ctx, s.socksOptions, socks.Associate, "0.0.0.0:0")
	if err != nil {
		return nil, nil, err
	}
	conn, err := udpDialer(relay).Dial(ctx)
	if err != nil {
		control.Close()
		return nil, nil, err
	}
	header, err := socks.AppendHeader(nil, s.destination)
	if err != nil {
		control.Close()
		conn.Close()
		return nil, nil, err
	}
	p := &socksPackets{connectedUDP{conn.(*net.UDPConn)}, control, header}
	go func() { // the association ends with its connection (RFC 1928, section 7)
		_, _ = io.Copy(io.Discard, control)
		conn.Close()
	}()
	return p, tunnelAddr(s.destination), nil
}

// MaxPacket is what fits into a datagram together with an IPv6 address.
func (*socksDialer) MaxPacket() int { return 65535 - 20 - 8 - 22 }

// socksPackets carries datagrams by a server's relay.
type socksPackets struct {
	connectedUDP
	control net.Conn
	header  []byte
}

// WriteTo sends a datagram to the destination.
func (s *socksPackets) WriteTo(p []byte, _ net.Addr) (int, error) {
	if _, err := s.Write(append(s.header[:len(s.header):len(s.header)], p...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ReadFrom reads a datagram; what p has no room for is lost.
func (s *socksPackets) ReadFrom(p []byte) (int, net.Addr, error) {
	buf := make([]byte, len(p)+len(s.header)+22)
	n, from, err := s.connectedUDP.ReadFrom(buf)
	if err != nil {
		return 0, from, err
	}
	where, payload, err := socks.ParseDatagram(buf[:n])
	return copy(p, payload), tunnelAddr(where), err
}

func (s *socksPackets) Close() error {
	return errors.Join(s.control.Close(), s.connectedUDP.Close())
}
