package protocol

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
)

func init() {
	register(Protocol{
		Name:      "http",
		Help:      "HTTP/1.1, HTTP/2 and HTTP/3 requests to any URL, one connection per session",
		Networks:  []string{"tcp", "udp"},
		Transport: httpTransport,
		Dirty:     load.DirtyKinds,
		settings:  &httpOptions{},
		Variants:  []string{`{"version":"h2"}`, `{"version":"h3"}`, `{"method":"GET"}`},
		Open:      openHTTP,
		prepare:   prepareHTTP,
	})
}

// The versions of HTTP.
const (
	http1 = "h1"
	http2 = "h2"
	http3 = "h3"
)

// httpOptions are the options of a load; a server uses the version.
type httpOptions struct {
	Version    string
	Method     string
	Path       string
	Status     int
	Headers    map[string]string
	ExpectBody string
	Echo       bool
	CA         string
	Insecure   bool
	ServerName string
}

func (h *httpOptions) schema() []Option {
	return []Option{
		option("version", &h.Version, SideBoth, http1, "h2 with an http:// url is HTTP/2 without TLS; h3 uses UDP", http1, http2, http3),
		option("method", &h.Method, SideClient, "", "GET by default; POST where only an address is given"),
		option("path", &h.Path, SideClient, "", "where an address is given: / by default, or /echo of the reference server where no method is set either"),
		option("status", &h.Status, SideClient, 0, "the expected status; any 2xx by default. Redirects are not followed"),
		option("headers", &h.Headers, SideClient, nil, "name: value of further request headers, including Host"),
		option("expect_body", &h.ExpectBody, SideClient, "", "text that must occur in the first 64 KiB of the body"),
		option("echo", &h.Echo, SideClient, false, "the body of the response must be that of the request, byte for byte; true by default where only an address is given"),
		caOption(&h.CA),
		insecureOption(&h.Insecure),
		option("server_name", &h.ServerName, SideClient, "", "server name for TLS; the host by default"),
	}
}

func decodeHTTP(o soak.Options) (h httpOptions, err error) {
	if err := decode(o, &h); err != nil {
		return h, err
	}
	if h.Status != 0 && (h.Status < 200 || h.Status > 599) {
		return h, options.Errorf(o, "status", "invalid status %d: use one from 200 to 599", h.Status)
	}
	return h, nil
}

// httpTransport is UDP for HTTP/3.
func httpTransport(o soak.Options) string {
	var h httpOptions
	if decode(o, &h) == nil && h.Version == http3 {
		return networkUDP
	}
	return networkTCP
}

// httpLoad opens the sessions of a load over HTTP.
type httpLoad struct {
	httpOptions
	request   *http.Request // to copy
	address   string        // HOST:PORT
	payload   int64         // of a request's body; 0: it has none
	tls       *tls.Config
	transport *http.Transport // of h1 and h2
	sessions  atomic.Uint64   // numbers them
}

func openHTTP(w soak.Workload) (load.Opener, error) {
	h, err := decodeHTTP(w.Options)
	if err != nil {
		return nil, err
	}
	l := &httpLoad{httpOptions: h}
	if err := l.plan(w); err != nil {
		return nil, err
	}
	if err := l.checkDirty(w); err != nil {
		return nil, err
	}
	if l.tls, err = clientTLS(w.Options, h.CA, h.ServerName, h.Insecure); err != nil {
		return nil, err
	}
	l.transport = l.newTransport()
	return l, nil
}

// newTransport makes a transport that shares nothing: net/http changes even the
// TLS configuration that it is given.
func (l *httpLoad) newTransport() *http.Transport {
	t := &http.Transport{TLSClientConfig: l.tls.Clone(), DisableCompression: true, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(l.Version == http1)
	t.Protocols.SetHTTP2(l.Version == http2)
	t.Protocols.SetUnencryptedHTTP2(l.Version == http2)
	return t
}

// plan makes the request from what the workload says, and from the reference
// server's habits where it gives an address alone.
func (l *httpLoad) plan(w soak.Workload) error {
	target, err := l.target(w)
	if err != nil {
		return err
	}
	l.request, err = http.NewRequest(cmp.Or(l.Method, http.MethodGet), target.String(), nil)
	if err != nil {
		return options.Errorf(w.Options, "method", "%v", err)
	}
	for name, value := range l.Headers {
		if strings.EqualFold(name, "Host") {
			l.request.Host = value
		}
		l.request.Header.Set(name, value)
	}
	switch l.request.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		l.payload = w.Payload
	}
	if l.Echo && l.payload == 0 {
		return options.Errorf(w.Options, "echo", "a %s without a body has no echo; set method: POST and a payload", l.request.Method)
	}
	port := target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[target.Scheme]
	}
	l.address = net.JoinHostPort(target.Hostname(), port)
	return nil
}

func (l *httpLoad) target(w soak.Workload) (*url.URL, error) {
	if w.URL == "" {
		if err := checkAddress(w); err != nil {
			return nil, err
		}
		if l.Method == "" && l.Path == "" && w.Payload > 0 {
			l.Method, l.Path, l.Echo = http.MethodPost, echoPath, true
		}
		scheme := map[string]string{http1: "http", http2: "https", http3: "https"}[l.Version]
		return url.Parse(scheme + "://" + w.Address + "/" + strings.TrimPrefix(l.Path, "/"))
	}
	target, err := url.Parse(w.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("url: %w", err)
	case target.Scheme != "http" && target.Scheme != "https" || target.Hostname() == "":
		return nil, fmt.Errorf("invalid url %q: use http:// or https://", target.Redacted())
	case target.Scheme == "http" && l.Version == http3:
		return nil, fmt.Errorf("url %q: h3 needs https://", target.Redacted())
	case l.Path != "":
		return nil, options.Errorf(w.Options, "path", "the url has a path already; leave one of the two out")
	case target.User != nil:
		return nil, fmt.Errorf("url %q: give a user in the header Authorization, not in the url", target.Redacted())
	}
	return target, nil
}

// Open opens a connection of its own.
func (l *httpLoad) Open(ctx context.Context) (load.Session, error) {
	if l.Version == http3 {
		conn, err := net.ListenUDP("udp", nil)
		if err != nil {
			return nil, err
		}
		return l.openH3(ctx, conn)
	}
	return l.openTCP(ctx, l.transport)
}

func (l *httpLoad) openTCP(ctx context.Context, transport *http.Transport) (*httpSession, error) {
	conn, err := transport.NewClientConn(ctx, l.request.URL.Scheme, l.address)
	if err != nil {
		return nil, err
	}
	ended := func() bool {
		// HTTP/2 after a GOAWAY has no error, but takes no more requests.
		return conn.Err() != nil || l.Version == http2 && conn.Available() == 0
	}
	return l.session(conn, ended, conn.Close), nil
}

func (l *httpLoad) Close() error { return nil }
