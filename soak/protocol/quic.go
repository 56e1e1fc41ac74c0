package protocol

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"soakmon/soak/load"
)

// quicConfig is that of all QUIC clients. Keep-alives hold a session open
// through a rest; servers end idle ones after 30 s or so.
func quicConfig() *quic.Config {
	return &quic.Config{MaxIdleTimeout: 30 * time.Second, KeepAlivePeriod: 10 * time.Second}
}

// quicError gives the errors of quic-go and its http3 their kind.
func quicError(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*quic.TransportError](err); ok && e.ErrorCode.IsCryptoError() {
		return &load.Error{Kind: "tls", Err: err}
	}
	_, transport := errors.AsType[*quic.TransportError](err)
	_, application := errors.AsType[*quic.ApplicationError](err)
	_, stream := errors.AsType[*quic.StreamError](err)
	_, reset := errors.AsType[*quic.StatelessResetError](err)
	_, request := errors.AsType[*h3.Error](err)
	if transport || application || stream || reset || request {
		return &load.Error{Kind: "reset", Err: err}
	}
	return err
}

// udpAddress resolves HOST:PORT.
func udpAddress(ctx context.Context, address string) (*net.UDPAddr, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ips[0].Unmap(), uint16(port))), nil
}

// peerSocket is a UDP socket for quic-go, which says where to send to even
// where there is one peer only.
type peerSocket struct {
	*net.UDPConn
	connected bool
}

func (s peerSocket) WriteTo(p []byte, to net.Addr) (int, error) {
	if s.connected {
		return s.Write(p)
	}
	return s.UDPConn.WriteTo(p, to)
}

func (s peerSocket) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if s.connected {
		to = nil
	}
	return s.UDPConn.WriteMsgUDP(p, oob, to)
}

// vanishing is a packet connection that goes dead without notice: it hears
// nothing more, and what it says is lost.
type vanishing struct {
	net.PacketConn
	gone   atomic.Bool
	budget atomic.Int64 // datagrams that it may still send before it vanishes
}

func vanishAfter(conn net.PacketConn, datagrams int64) *vanishing {
	v := &vanishing{PacketConn: conn}
	v.budget.Store(datagrams)
	return v
}

// SetReadBuffer does nothing: a session that is to vanish needs no large
// buffers, and quic-go would log that it cannot set them.
func (*vanishing) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing, as SetReadBuffer.
func (*vanishing) SetWriteBuffer(int) error { return nil }

func (v *vanishing) WriteTo(p []byte, to net.Addr) (int, error) {
	if v.budget.Add(-1) < 0 {
		v.gone.Store(true)
	}
	if v.gone.Load() {
		return len(p), nil
	}
	return v.PacketConn.WriteTo(p, to)
}

func (v *vanishing) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := v.PacketConn.ReadFrom(p)
		if err != nil || !v.gone.Load() {
			return n, from, err
		}
	}
}
