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
	"soakmon/soak/protocol/hysteria"
)

func init() {
	register(Protocol{
		Name:      "hysteria",
		Help:      "Hysteria 1: TCP and UDP through a QUIC proxy, plain or with xplus",
		Networks:  []string{networkTCP, networkUDP},
		Transport: overUDP,
		Proxy:     true,
		Dirty:     proxyDirty,
		settings:  &hysteriaOptions{},
		Variants:  []string{`{"obfs":"cry"}`, connectionsVariant},
		Dial:      dialHysteria,
		prepare:   prepareHysteria,
	})
}

// hysteriaOptions are those of both sides.
type hysteriaOptions struct {
	proxyOptions
	AuthStr  string
	Obfs     string
	UpMbps   uint64
	DownMbps uint64
}

func (h *hysteriaOptions) schema() []Option {
	return h.extend([]Option{
		option("auth_str", &h.AuthStr, SideBoth, "", "password of the user"),
		option("obfs", &h.Obfs, SideBoth, "", "password of xplus, which obfuscates packets; none by default"),
		option("up_mbps", &h.UpMbps, SideClient, 10_000, "send rate that the client announces, in Mbit/s, above 0. It sends by the congestion control of quic-go (CUBIC) in any case: upstream has no setting for it"),
		option("down_mbps", &h.DownMbps, SideClient, 10_000, "receive rate that the client announces, in Mbit/s, above 0. A server with Brutal sends at the smaller of this and its own"),
	}, "hysteria")
}

func decodeHysteria(o soak.Options) (h hysteriaOptions, err error) {
	if err := decode(o, &h); err != nil {
		return h, err
	}
	switch {
	case h.UpMbps == 0:
		return h, options.Errorf(o, "up_mbps", "must be above 0: servers refuse a rate of 0")
	case h.DownMbps == 0:
		return h, options.Errorf(o, "down_mbps", "must be above 0: servers refuse a rate of 0")
	}
	return h, nil
}

// obfuscation hides packets, or is nil.
func (h hysteriaOptions) obfuscation() obfuscator {
	if h.Obfs == "" {
		return nil
	}
	return hysteria.NewXPlus(h.Obfs)
}

func dialHysteria(w soak.Workload) (load.Dialer, error) {
	h, err := decodeHysteria(w.Options)
	if err != nil {
		return nil, err
	}
	p, err := newQUICProxy(w, h.proxyOptions)
	if err != nil {
		return nil, err
	}
	head, err := hysteria.AppendRequest(nil, hysteria.Request{Address: w.Destination})
	if err != nil {
		return nil, fmt.Errorf("destination: %w", err)
	}
	p.hide = h.obfuscation()
	p.codec = &hysteriaClient{h, head}
	return p, nil
}

// hysteriaClient is the proxyCodec.
type hysteriaClient struct {
	hysteriaOptions
	head []byte
}

func (c *hysteriaClient) authenticate(ctx context.Context, conn *quic.Conn, wrong bool) error {
	control, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	auth := c.AuthStr
	if wrong {
		auth += "?"
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = control.SetDeadline(deadline) // of an open stream it does not fail
	}
	hello := hysteria.ClientHello{Send: c.UpMbps * 1e6 / 8, Receive: c.DownMbps * 1e6 / 8, Auth: auth}
	if _, err := control.Write(hysteria.AppendClientHello(nil, hello)); err != nil {
		return err
	}
	var answer hysteria.ServerHello
	err = (&quicStream{Stream: control}).readHead(make([]byte, 512), func(b []byte) (n int, err error) {
		answer, n, err = hysteria.ParseServerHello(b)
		return n, err
	})
	refused, _ := errors.AsType[*quic.ApplicationError](err)
	switch {
	case refused != nil && refused.Remote && refused.ErrorCode == hysteria.CodeAuth:
		return refusedAuth("auth_str", refused.ErrorMessage)
	case err == nil && !answer.OK:
		return refusedAuth("auth_str", answer.Message)
	}
	return err
}

// refusedAuth is the error where a server refuses credentials, and maybe says
// why.
func refusedAuth(option, message string) error {
	return &load.Error{Kind: load.BadAuth, Err: fmt.Errorf("the server refused the credentials (%s): check %s", cmp.Or(message, "no reason given"), option)}
}

func (c *hysteriaClient) request() []byte { return c.head[:len(c.head):len(c.head)] }

func (c *hysteriaClient) answer() func([]byte) (int, error) {
	return func(b []byte) (int, error) {
		r, n, err := hysteria.ParseResponse(b)
		if err == nil && !r.OK {
			err = refusedDestination(r.Message)
		}
		return n, err
	}
}

func (c *hysteriaClient) refusal(_ *quicLink, err error) error { return err }

func (c *hysteriaClient) datagrams() datagramCodec { return hysteriaDatagrams }

var hysteriaDatagrams = datagramCodec{hysteria.AppendMessage, hysteria.ParseMessage, hysteria.AppendAddress, hysteria.ParseAddress}

// associate asks for an association, which lasts as long as its stream.
func (c *hysteriaClient) associate(ctx context.Context, link *quicLink) (proxyAssociation, error) {
	stream, err := link.conn.OpenStreamSync(ctx)
	if err != nil {
		return proxyAssociation{}, err
	}
	s := &quicStream{Stream: stream, conn: link.conn}
	if deadline, ok := ctx.Deadline(); ok {
		_ = s.SetDeadline(deadline) // of an open stream it does not fail
	}
	request, err := hysteria.AppendRequest(nil, hysteria.Request{UDP: true})
	if err == nil {
		_, err = s.Write(request)
	}
	var answer hysteria.Response
	if err == nil {
		err = s.readHead(make([]byte, 512), func(b []byte) (n int, err error) {
			answer, n, err = hysteria.ParseResponse(b)
			return n, err
		})
	}
	if err == nil && !answer.OK {
		err = refusedDestination(answer.Message)
	}
	if err != nil {
		s.Close()
		return proxyAssociation{}, err
	}
	_ = s.SetDeadline(time.Time{})
	ended := make(chan struct{})
	go func() { // a server ends an association that is idle with its stream
		_, _ = io.Copy(io.Discard, s)
		close(ended)
	}()
	return proxyAssociation{answer.Session, func() { s.Close() }, ended}, nil
}

func prepareHysteria(o ServeOptions) (prepared, error) {
	h, err := decodeHysteria(o.Options)
	if err != nil {
		return prepared{}, err
	}
	h.AuthStr = cmp.Or(h.AuthStr, o.password())
	client := &hysteriaOptions{AuthStr: h.AuthStr, proxyOptions: proxyOptions{ALPN: h.ALPN}}
	s := &hysteriaServer{h, newQUICOutbound(o.OnOperation)}
	return preparedQUIC(quicListen{o, h.ALPN, h.obfuscation()}, client, &client.CA, s.serve)
}

// hysteriaServer is the reference server.
type hysteriaServer struct {
	hysteriaOptions
	out quicOutbound
}

func (s *hysteriaServer) serve(ctx context.Context, conn *quic.Conn) {
	if code, text := s.greet(ctx, conn); code != hysteria.CodeOK {
		_ = conn.CloseWithError(code, text)
		return
	}
	a := newAssociations(conn, s.out, hysteriaDatagrams)
	defer a.close()
	go a.receive(ctx)
	acceptStreams(ctx, conn, func(stream *quicStream) { s.stream(ctx, stream, a) })
}

// greet lets a client in, or gives the code to close its connection with.
func (s *hysteriaServer) greet(ctx context.Context, conn *quic.Conn) (quic.ApplicationErrorCode, string) {
	ctx, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	stream, err := conn.AcceptStream(ctx)
	if err != nil {
		return hysteria.CodeProtocol, "protocol error"
	}
	deadline, _ := ctx.Deadline()
	_ = stream.SetReadDeadline(deadline) // of an open stream it does not fail
	var hello hysteria.ClientHello
	done, err := s.out.readHead(&quicStream{Stream: stream}, func(b []byte) (n int, err error) {
		hello, n, err = hysteria.ParseClientHello(b)
		return n, err
	})
	done()
	if err != nil {
		return hysteria.CodeProtocol, "protocol error"
	}
	ok := subtle.ConstantTimeCompare([]byte(hello.Auth), []byte(s.AuthStr)) == 1
	answer := hysteria.ServerHello{OK: ok, Send: hello.Receive, Receive: hello.Send}
	if !ok {
		answer.Message = "wrong password"
	}
	if _, err := stream.Write(hysteria.AppendServerHello(nil, answer)); err != nil {
		return hysteria.CodeProtocol, "protocol error"
	}
	if !ok {
		return hysteria.CodeAuth, "auth error"
	}
	return hysteria.CodeOK, ""
}

// stream serves a stream to a destination, or one that holds an association.
func (s *hysteriaServer) stream(ctx context.Context, stream *quicStream, a *associations) {
	var request hysteria.Request
	done, err := s.out.readHead(stream, func(b []byte) (n int, err error) {
		request, n, err = hysteria.ParseRequest(b)
		return n, err
	})
	defer done()
	if err != nil {
		return
	}
	if request.UDP {
		s.associate(stream, a)
		return
	}
	destination, err := s.out.dial(ctx, request.Address)
	answer := hysteria.Response{OK: err == nil}
	if err != nil {
		answer.Message = err.Error()
	}
	if _, err := stream.Write(hysteria.AppendResponse(nil, answer)); answer.OK && err == nil {
		s.out.relay(stream, destination)
	} else if answer.OK {
		destination.Close()
	}
}

func (s *hysteriaServer) associate(stream *quicStream, a *associations) {
	id, err := a.open(func() { stream.Close() }) // so the client learns of an association that ends for being idle
	answer := hysteria.Response{OK: err == nil, Session: id}
	if err != nil {
		answer.Message = err.Error()
	}
	defer a.end(id)
	if _, err := stream.Write(hysteria.AppendResponse(nil, answer)); err == nil && answer.OK {
		_, _ = io.Copy(io.Discard, stream) // it lasts as long as the stream
	}
}
