package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol/address"
)

func init() {
	register(Protocol{
		Name:     "socks5",
		Help:     "SOCKS5 without authentication, to any such proxy: other programs' clients have one, too",
		Networks: []string{"tcp"},
		Proxy:    true,
		Dirty:    load.DirtyKinds,
		Dial:     dialSOCKS5,
		Serve:    serveSOCKS5,
	})
}

// SOCKS5 (RFC 1928).
const (
	socksVersion     = 5
	socksNoAuth      = 0
	socksConnect     = 1
	socksUnreachable = 4
	socksRefused     = 5
	socksBadCommand  = 7
)

var socksTypes = address.Types{IPv4: 1, Domain: 3, IPv6: 4}

// socksReplies are the texts of section 6.
var socksReplies = []string{"", "general failure", "connection not allowed by the ruleset", "network unreachable", "host unreachable",
	"connection refused", "TTL expired", "command not supported", "address type not supported"}

type socks5Dialer struct {
	tcpDialer
	request     []byte
	destination string
}

func dialSOCKS5(w soak.Workload) (load.Dialer, error) {
	if err := options.Decode(w.Options, &struct{}{}); err != nil {
		return nil, err
	}
	if err := checkAddress(w); err != nil {
		return nil, err
	}
	host, port, err := address.Split(w.Destination)
	if err != nil {
		return nil, err
	}
	request := socksTypes.Append([]byte{socksVersion, socksConnect, 0}, host)
	return &socks5Dialer{tcpDialer(w.Address), address.AppendPort(request, port), w.Destination}, nil
}

// DialRaw gives a connection on which nothing was said.
func (d *socks5Dialer) DialRaw(ctx context.Context) (net.Conn, error) { return d.tcpDialer.Dial(ctx) }

// Dial implements [load.Dialer].
func (d *socks5Dialer) Dial(ctx context.Context) (net.Conn, error) {
	conn, err := d.DialRaw(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = d.negotiate(conn)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("socks5: %w", err)
	}
	return conn, nil
}

func (d *socks5Dialer) negotiate(conn net.Conn) error {
	var b [4]byte
	if _, err := conn.Write([]byte{socksVersion, 1, socksNoAuth}); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, b[:2]); err != nil {
		return err
	}
	if b[0] != socksVersion {
		return fmt.Errorf("the server speaks version %d", b[0])
	}
	if b[1] != socksNoAuth {
		return &load.Error{Kind: load.BadAuth, Err: errors.New("the server wants a user and a password, or refuses all: let it take loopback without")}
	}
	if _, err := conn.Write(d.request); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, b[:3]); err != nil {
		return err
	}
	if reply := int(b[1]); reply != 0 {
		text := fmt.Sprintf("reply %d", reply)
		if reply < len(socksReplies) {
			text = socksReplies[reply]
		}
		return &load.Error{Kind: load.NoDestination, Err: fmt.Errorf("destination %s: %s", d.destination, text)}
	}
	if _, err := socksTypes.Read(conn); err != nil {
		return err
	}
	_, err := address.ReadPort(conn)
	return err
}

func serveSOCKS5(ctx context.Context, o ServeOptions) (Server, error) {
	if err := options.Decode(o.Options, &struct{}{}); err != nil {
		return nil, err
	}
	out := newOutbound(o.OnOperation)
	return serveStream(ctx, o.Address, soak.Options{}, func(conn net.Conn) { out.serveSOCKS5(ctx, conn) })
}

func (o *outbound) serveSOCKS5(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	host, port, ok := socksRequest(conn)
	if !ok {
		return
	}
	destination, err := o.dial(ctx, address.Join(host, port))
	if err != nil {
		code := byte(socksUnreachable)
		if load.Kind(err, true) == "refused" {
			code = socksRefused
		}
		_ = socksReply(conn, code)
		return
	}
	if err := socksReply(conn, 0); err != nil {
		destination.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	o.relay(conn, destination)
}

// socksRequest reads what a client wants, and refuses what is no request to
// connect.
func socksRequest(conn net.Conn) (host string, port uint16, ok bool) {
	var b [256]byte
	if _, err := io.ReadFull(conn, b[:2]); err != nil || b[0] != socksVersion {
		return "", 0, false
	}
	if _, err := io.ReadFull(conn, b[:b[1]]); err != nil { // the methods; ours must be among them
		return "", 0, false
	}
	if _, err := conn.Write([]byte{socksVersion, socksNoAuth}); err != nil {
		return "", 0, false
	}
	if _, err := io.ReadFull(conn, b[:3]); err != nil || b[0] != socksVersion {
		return "", 0, false
	}
	host, err := socksTypes.Read(conn)
	if err == nil {
		port, err = address.ReadPort(conn)
	}
	if err == nil && b[1] != socksConnect {
		_ = socksReply(conn, socksBadCommand)
		return "", 0, false
	}
	return host, port, err == nil
}

func socksReply(conn net.Conn, code byte) error {
	reply := socksTypes.Append([]byte{socksVersion, code, 0}, "0.0.0.0")
	_, err := conn.Write(address.AppendPort(reply, 0))
	return err
}
