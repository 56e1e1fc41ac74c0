package protocol

import (
	"context"
	"fmt"
	"net"
	"sync"

	"soakmon/soak"
	"soakmon/soak/load"
)

func init() {
	register(Protocol{
		Name:      "udp",
		Help:      "plain UDP to any echo server: the baseline of what relays datagrams",
		Networks:  []string{networkUDP},
		Transport: overUDP,
		Dirty:     load.PacketDirtyKinds,
		settings:  &noOptions{},
		Dial:      dialUDP,
		prepare:   prepareUDP,
	})
}

// socketBuffer is asked of the kernel for UDP sockets, in bytes: what arrives
// while nobody reads, such as in a collection of garbage, is not lost.
const socketBuffer = 1 << 20

func dialUDP(w soak.Workload) (load.Dialer, error) {
	if err := decode(w.Options, &noOptions{}); err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	return udpDialer(w.Address), nil
}

type udpDialer string

func (a udpDialer) Dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "udp", string(a))
}

func (a udpDialer) DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error) {
	conn, err := a.Dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	return connectedUDP{conn.(*net.UDPConn)}, conn.RemoteAddr(), nil
}

func (udpDialer) Close() error { return nil }

// connectedUDP is a socket with one peer, so that the kernel reports when nobody
// listens there (ICMP port unreachable), and reading allocates nothing.
type connectedUDP struct{ *net.UDPConn }

func (c connectedUDP) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.RemoteAddr(), err
}

func (c connectedUDP) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

// udpServer echoes datagrams.
type udpServer struct {
	conn   *net.UDPConn
	detach func() bool
	served sync.WaitGroup
}

func prepareUDP(o ServeOptions) (prepared, error) {
	err := decode(o.Options, &noOptions{})
	return prepared{listen: func(ctx context.Context) (Server, error) { return serveUDP(ctx, o) }}, err
}

func serveUDP(ctx context.Context, o ServeOptions) (Server, error) {
	address, err := udpAddress(ctx, o.Address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	conn, err := net.ListenUDP("udp", address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	_ = conn.SetReadBuffer(socketBuffer) // less will do
	s := &udpServer{conn: conn}
	s.served.Go(func() { load.EchoPackets(conn, o.OnOperation) })
	s.detach = context.AfterFunc(ctx, func() { conn.Close() })
	return s, nil
}

func (s *udpServer) Addr() string          { return s.conn.LocalAddr().String() }
func (s *udpServer) Options() soak.Options { return soak.Options{} }

func (s *udpServer) Close() error {
	s.detach()
	s.conn.Close() // again does no harm
	s.served.Wait()
	return nil
}
