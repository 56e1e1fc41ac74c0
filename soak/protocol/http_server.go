package protocol

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	h3 "github.com/quic-go/quic-go/http3"

	"soakmon/soak"
)

// echoPath is where the reference server sends a request's body back. Any other
// path is answered "ok".
const echoPath = "/echo"

// prepareHTTP makes the reference server of the version that the options ask for:
// h1 is plain, h2 and h3 have a certificate made for them.
func prepareHTTP(o ServeOptions) (prepared, error) {
	h, err := decodeHTTP(o.Options)
	if err != nil {
		return prepared{}, err
	}
	told := httpOptions{Version: h.Version}
	var certificate tls.Certificate
	if h.Version != http1 {
		if certificate, told.CA, err = o.selfSigned(o.Address); err != nil {
			return prepared{}, fmt.Errorf("serve: make a certificate: %w", err)
		}
	}
	client, err := encode(&told)
	return prepared{client, func(ctx context.Context) (Server, error) { return serveHTTP(ctx, o, client, h.Version, certificate) }}, err
}

func serveHTTP(ctx context.Context, o ServeOptions, client soak.Options, version string, certificate tls.Certificate) (Server, error) {
	s := &httpServer{client: client}
	start := s.startTCP
	if version == http3 {
		start = s.startUDP
	}
	if err := start(o, version, certificate, newHTTPHandler(o.OnOperation)); err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	s.mu.Lock()
	s.detach = context.AfterFunc(ctx, func() { s.Close() })
	s.mu.Unlock()
	return s, nil
}

type httpServer struct {
	client soak.Options
	addr   string
	served sync.WaitGroup // connections and the loop that accepts them
	end    func() error

	mu     sync.Mutex
	detach func() bool // from the context; nil when closed
}

func (s *httpServer) Addr() string          { return s.addr }
func (s *httpServer) Options() soak.Options { return s.client }

func (s *httpServer) Close() error {
	s.mu.Lock()
	detach := s.detach
	s.detach = nil
	s.mu.Unlock()
	var err error
	if detach != nil {
		detach()
		err = s.end()
	}
	s.served.Wait()
	return err
}

func (s *httpServer) startTCP(o ServeOptions, version string, certificate tls.Certificate, handler http.Handler) error {
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second, // half-open clients must go
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnState:         s.track,
		Protocols:         new(http.Protocols),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	server.Protocols.SetHTTP1(version == http1)
	server.Protocols.SetHTTP2(version == http2)
	s.addr, s.end = listener.Addr().String(), server.Close
	s.served.Go(func() {
		if version == http1 {
			_ = server.Serve(listener) // ends with the server
		} else {
			_ = server.ServeTLS(listener, "", "")
		}
	})
	return nil
}

// track counts connections, so that Close can wait for them.
func (s *httpServer) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.served.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.served.Done()
	}
}

func (s *httpServer) startUDP(o ServeOptions, _ string, certificate tls.Certificate, handler http.Handler) error {
	socket, err := net.ListenPacket("udp", o.Address)
	if err != nil {
		return err
	}
	transport := o.quicTransport(socket)
	config := h3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}})
	listener, err := transport.ListenEarly(config, &quic.Config{MaxIncomingStreams: 1 << 20, MaxIdleTimeout: 30 * time.Second})
	if err != nil {
		return errors.Join(err, transport.Close(), socket.Close())
	}
	server := &h3.Server{Handler: handler}
	s.addr = socket.LocalAddr().String()
	s.end = func() error {
		return errors.Join(server.Close(), listener.Close(), transport.Close(), socket.Close())
	}
	s.served.Go(func() { _ = server.ServeListener(listener) }) // ends with the server
	return nil
}

// httpHandler echoes. Its buffers are never given up, so the live heap is flat.
type httpHandler struct {
	onOperation func()
	buffers     chan []byte
}

func newHTTPHandler(onOperation func()) *httpHandler {
	if onOperation == nil {
		onOperation = func() {}
	}
	return &httpHandler{onOperation, make(chan []byte, 256)}
}

func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.onOperation()
	if r.URL.Path != echoPath {
		_, _ = io.WriteString(w, "ok\n")
		return
	}
	var buf []byte
	select {
	case buf = <-h.buffers:
	default:
		buf = make([]byte, httpBuffer)
	}
	echoBody(w, r, buf)
	select {
	case h.buffers <- buf:
	default:
	}
}

// echoBody sends a small body back in one piece, and a large one while it comes.
func echoBody(w http.ResponseWriter, r *http.Request, buf []byte) {
	if r.ContentLength >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if r.ContentLength < 0 || r.ContentLength > int64(len(buf)) {
		_ = http.NewResponseController(w).EnableFullDuplex() // h2 and h3 always are
		// Hidden from io.CopyBuffer, which would use a buffer of its own.
		_, _ = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r.Body}, buf)
		return
	}
	if _, err := io.ReadFull(r.Body, buf[:r.ContentLength]); err == nil {
		_, _ = w.Write(buf[:r.ContentLength])
	}
}
