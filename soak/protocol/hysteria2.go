package protocol

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol/hysteria2"
)

func init() {
	register(Protocol{
		Name:      "hysteria2",
		Help:      "Hysteria 2: TCP and UDP through a QUIC proxy that looks like HTTP/3, plain or with salamander",
		Networks:  []string{networkTCP, networkUDP},
		Transport: overUDP,
		Proxy:     true,
		Dirty:     proxyDirty,
		settings:  &hysteria2Options{},
		Variants:  []string{`{"obfs":{"type":"salamander","password":"cry"}}`, connectionsVariant},
		Dial:      dialHysteria2,
		prepare:   prepareHysteria2,
	})
}

// hysteria2Options are those of both sides.
type hysteria2Options struct {
	proxyOptions
	Password string
	DownMbps uint64
	Obfs     struct {
		Type     string `json:"type"`
		Password string `json:"password"`
	}
}

func (h *hysteria2Options) schema() []Option {
	none := h.Obfs
	none.Type, none.Password = "", ""
	return h.extend([]Option{
		option("password", &h.Password, SideBoth, "", "password of the user"),
		option("obfs", &h.Obfs, SideBoth, none, "{type: salamander, password: PASSWORD} obfuscates packets; none by default"),
		option("down_mbps", &h.DownMbps, SideClient, 0, "receive rate that the client announces, in Mbit/s, for the Brutal of the server; without it the server uses its congestion control. The client itself sends by that of quic-go (CUBIC) in any case"),
	}, h3.NextProtoH3)
}

func decodeHysteria2(o soak.Options) (h hysteria2Options, err error) {
	if err := decode(o, &h); err != nil {
		return h, err
	}
	switch {
	case h.Obfs.Type != "" && h.Obfs.Type != "salamander":
		return h, options.Errorf(o, "obfs.type", "%q is not salamander", h.Obfs.Type)
	case h.Obfs.Type != "" && h.Obfs.Password == "":
		return h, options.Errorf(o, "obfs.password", "salamander needs a password")
	}
	return h, nil
}

// obfuscation hides packets, or is nil.
func (h hysteria2Options) obfuscation() obfuscator {
	if h.Obfs.Password == "" {
		return nil
	}
	return hysteria2.NewSalamander(h.Obfs.Password)
}

func dialHysteria2(w soak.Workload) (load.Dialer, error) {
	h, err := decodeHysteria2(w.Options)
	if err != nil {
		return nil, err
	}
	p, err := newQUICProxy(w, h.proxyOptions)
	if err != nil {
		return nil, err
	}
	p.hide = h.obfuscation()
	p.codec = &hysteria2Client{h, hysteria2.AppendRequest(nil, w.Destination)}
	return p, nil
}

// hysteria2Client is the proxyCodec.
type hysteria2Client struct {
	hysteria2Options
	head []byte
}

func (c *hysteria2Client) authenticate(ctx context.Context, conn *quic.Conn, wrong bool) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hysteria2.AuthURL, nil)
	if err != nil {
		return err
	}
	password := c.Password
	if wrong {
		password += "?"
	}
	request.Header.Set(hysteria2.AuthHeader, password)
	request.Header.Set(hysteria2.RateHeader, strconv.FormatUint(c.DownMbps*1e6/8, 10))
	request.Header.Set(hysteria2.PaddingHeader, rand.Text())
	response, err := (&h3.Transport{DisableCompression: true}).NewClientConn(conn).RoundTrip(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != hysteria2.StatusOK {
		return &load.Error{Kind: load.BadAuth, Err: fmt.Errorf(
			"the server refused the password (status %d, want %d): check password, and that the server is hysteria2", response.StatusCode, hysteria2.StatusOK)}
	}
	return nil
}

func (c *hysteria2Client) request() []byte { return c.head[:len(c.head):len(c.head)] }

func (c *hysteria2Client) answer() func([]byte) (int, error) {
	return func(b []byte) (int, error) {
		r, n, err := hysteria2.ParseResponse(b)
		if err == nil && !r.OK {
			err = refusedDestination(r.Message)
		}
		return n, err
	}
}

// refusal knows that some servers close a stream where the protocol has words.
func (c *hysteria2Client) refusal(_ *quicLink, err error) error {
	if _, reset := errors.AsType[*quic.StreamError](err); reset || errors.Is(err, io.EOF) {
		return refusedDestination("it closed the stream before a byte came back")
	}
	return err
}

func (c *hysteria2Client) datagrams() datagramCodec { return hysteria2Datagrams }

var hysteria2Datagrams = datagramCodec{hysteria2.AppendMessage, hysteria2.ParseMessage, hysteria2.AppendAddress, hysteria2.ParseAddress}

// associate takes a number: the protocol announces neither its beginning nor its
// end.
func (c *hysteria2Client) associate(_ context.Context, link *quicLink) (proxyAssociation, error) {
	return proxyAssociation{id: link.associated.Add(1), leave: func() {}}, nil
}

// refusedDestination is the error where a server says why.
func refusedDestination(message string) error {
	return &load.Error{Kind: load.NoDestination, Err: fmt.Errorf(
		"the server refused the destination: %s; check that the server can reach it and is allowed to", cmp.Or(message, "no reason given"))}
}

func prepareHysteria2(o ServeOptions) (prepared, error) {
	h, err := decodeHysteria2(o.Options)
	if err != nil {
		return prepared{}, err
	}
	h.Password = cmp.Or(h.Password, o.password())
	client := &hysteria2Options{Password: h.Password, proxyOptions: proxyOptions{ALPN: h.ALPN}}
	s := &hysteria2Server{h.Password, newQUICOutbound(o.OnOperation)}
	return preparedQUIC(quicListen{o, h.ALPN, h.obfuscation()}, client, &client.CA, s.serve)
}

// hysteria2Server is the reference server.
type hysteria2Server struct {
	password string
	out      quicOutbound
}

func (s *hysteria2Server) serve(ctx context.Context, conn *quic.Conn) {
	c := &hysteria2Conn{server: s, admitted: make(chan struct{})}
	late := time.AfterFunc(authTimeout, func() {
		if !c.authenticated.Load() {
			_ = conn.CloseWithError(quic.ApplicationErrorCode(h3.ErrCodeNoError), "")
		}
	})
	defer late.Stop()
	a := newAssociations(conn, s.out, hysteria2Datagrams)
	defer a.close()
	go func() {
		select {
		case <-c.admitted:
			a.receive(ctx)
		case <-ctx.Done():
		}
	}()
	web, err := (&h3.Server{Handler: c}).NewRawServerConn(conn)
	if err != nil {
		return
	}
	go func() {
		for {
			stream, err := conn.AcceptUniStream(ctx)
			if err != nil {
				return
			}
			go web.HandleUnidirectionalStream(stream)
		}
	}()
	acceptStreams(ctx, conn, func(stream *quicStream) {
		if c.proxies(stream) {
			s.relay(ctx, stream)
		} else {
			web.HandleRequestStream(stream.Stream)
		}
	})
}

// hysteria2Conn is a client: an HTTP/3 one until it has authenticated.
type hysteria2Conn struct {
	server        *hysteria2Server
	authenticated atomic.Bool
	admitted      chan struct{} // closed with it
}

// proxies reports whether a stream is one to a destination.
func (c *hysteria2Conn) proxies(stream *quicStream) bool {
	if !c.authenticated.Load() {
		return false
	}
	begin := hysteria2.AppendRequest(nil, "")[:2]
	head := make([]byte, len(begin))
	n, _ := stream.Peek(head)
	return n == len(begin) && string(head) == string(begin)
}

// ServeHTTP authenticates. To all else it is a web server that has nothing.
func (c *hysteria2Conn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	password := []byte(r.Header.Get(hysteria2.AuthHeader))
	if r.Method != http.MethodPost || r.Host != "hysteria" || r.URL.Path != "/auth" ||
		subtle.ConstantTimeCompare(password, []byte(c.server.password)) != 1 {
		http.NotFound(w, r)
		return
	}
	if !c.authenticated.Swap(true) {
		close(c.admitted)
	}
	w.Header().Set(hysteria2.UDPHeader, "true")
	w.Header().Set(hysteria2.RateHeader, hysteria2.RateAuto)
	w.Header().Set(hysteria2.PaddingHeader, rand.Text())
	w.WriteHeader(hysteria2.StatusOK)
}

// relay serves a stream to a destination.
func (s *hysteria2Server) relay(ctx context.Context, stream *quicStream) {
	var address string
	done, err := s.out.readHead(stream, func(b []byte) (n int, err error) {
		address, n, err = hysteria2.ParseRequest(b)
		return n, err
	})
	defer done()
	if err != nil {
		return
	}
	destination, err := s.out.dial(ctx, address)
	response := hysteria2.Response{OK: err == nil}
	if err != nil {
		response.Message = err.Error()
	}
	if _, err := stream.Write(hysteria2.AppendResponse(nil, response)); response.OK && err == nil {
		s.out.relay(stream, destination)
	} else if response.OK {
		destination.Close()
	}
}
