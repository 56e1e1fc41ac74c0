package protocol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"soakmon/soak/load"
)

// httpBuffer is the size of a session's buffers, at most.
const httpBuffer = 64 << 10

// httpSession is one connection that carries one request at a time.
type httpSession struct {
	load   *httpLoad
	id     uint64
	conn   http.RoundTripper
	ended  func() bool // by the server
	close  func() error
	ctx    context.Context // of all its requests
	out    []byte
	in     []byte
	upload *upload // of the last request
}

func (l *httpLoad) session(conn http.RoundTripper, ended func() bool, close func() error) *httpSession {
	ctx, cancel := context.WithCancel(context.Background())
	size := min(max(l.payload, 4<<10), httpBuffer)
	if !l.Echo {
		size = httpBuffer
	}
	return &httpSession{
		load: l, id: l.sessions.Add(1), conn: conn, ended: ended, ctx: ctx,
		close: sync.OnceValue(func() error { cancel(); return close() }),
		out:   make([]byte, min(l.payload, httpBuffer)),
		in:    make([]byte, size),
	}
}

func (s *httpSession) Close() error { return s.close() }

func (s *httpSession) Do(n uint64, deadline time.Time) (sent, received int64, err error) {
	ctx, cancel := context.WithDeadline(s.ctx, deadline)
	defer cancel()
	content := load.NewContent(s.id, n, s.load.payload)
	response, err := s.send(ctx, content)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	received, err = s.receive(response, content)
	if err == nil {
		err = s.upload.wait(ctx)
	}
	return s.load.payload, received, quicError(err)
}

// send sends the request and gives the response, its body still to be read.
func (s *httpSession) send(ctx context.Context, content load.Content) (*http.Response, error) {
	if s.ended() {
		return nil, load.ErrStale
	}
	request := s.load.request.WithContext(ctx)
	s.upload = nil
	if s.load.payload > 0 {
		s.upload = &upload{Reader: content.Reader(s.out), closed: make(chan struct{})}
		request.Body, request.ContentLength = s.upload, s.load.payload
	}
	response, err := s.conn.RoundTrip(request)
	if err != nil && s.stale(err) {
		return nil, fmt.Errorf("%w: %w", load.ErrStale, err)
	}
	return response, quicError(err)
}

// stale reports whether a request failed because the server had ended the
// connection, so that a client may repeat it (RFC 9110, section 9.2.2): the
// transport says that nothing was sent, or instead of an answer to a request
// that changes nothing came an orderly end.
func (s *httpSession) stale(err error) bool {
	// Neither net/http, its HTTP/2 nor http3 exports these errors.
	for _, text := range []string{"server closed idle connection", "client conn not usable", "connection in graceful shutdown",
		"graceful shutdown GOAWAY"} { // the last: of a stream that the server has not seen (RFC 9113, section 6.8)
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	// net/http gives a connection up whose request was not confirmed as written
	// 50 ms after its answer, as on a busy machine; with these words alone where
	// nothing of the next request was written.
	if err.Error() == "http: persistConn.readLoop exiting" {
		return true
	}
	safe := s.load.request.Method == http.MethodGet || s.load.request.Method == http.MethodHead
	return safe && errors.Is(err, io.EOF)
}

// receive reads and verifies the response.
func (s *httpSession) receive(r *http.Response, content load.Content) (n int64, err error) {
	if want := s.load.Status; want != r.StatusCode && (want != 0 || r.StatusCode/100 != 2) {
		return 0, &load.Error{Kind: "status", Err: fmt.Errorf("status %s", r.Status)}
	}
	if s.load.Echo {
		n, err = s.receiveEcho(r, content)
	} else {
		n, err = s.receiveAny(r)
	}
	if err == nil && r.ContentLength >= 0 && n != r.ContentLength && r.Request.Method != http.MethodHead {
		err = mismatch("the body has %d bytes, its header says %d", n, r.ContentLength)
	}
	return n, err
}

func (s *httpSession) receiveEcho(r *http.Response, content load.Content) (int64, error) {
	n, err := content.Receive(r.Body, s.in[:len(s.out)])
	if err != nil {
		return n, err
	}
	m, err := io.ReadFull(r.Body, s.in[:1])
	if m > 0 {
		return n + 1, mismatch("the body is longer than the %d bytes that were sent", n)
	}
	return n, notEOF(err)
}

func (s *httpSession) receiveAny(r *http.Response) (n int64, err error) {
	head := 0
	for err == nil && head < len(s.in) {
		var m int
		m, err = r.Body.Read(s.in[head:])
		head += m
	}
	if (err == nil || err == io.EOF) && !bytes.Contains(s.in[:head], []byte(s.load.ExpectBody)) {
		return int64(head), mismatch("the body does not hold %q in its first %d bytes", s.load.ExpectBody, head)
	}
	n = int64(head)
	for err == nil {
		var m int
		m, err = r.Body.Read(s.in)
		n += int64(m)
	}
	return n, notEOF(err)
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func mismatch(format string, args ...any) error {
	return &load.Error{Kind: "mismatch", Err: fmt.Errorf(format, args...)}
}

// upload is a request's body. A transport may read it for longer than the
// round trip takes; its buffer is free when it is closed.
type upload struct {
	io.Reader
	once   sync.Once
	closed chan struct{}
}

func (u *upload) Close() error {
	u.once.Do(func() { close(u.closed) })
	return nil
}

// wait waits until the transport is done with the body.
func (u *upload) wait(ctx context.Context) error {
	if u == nil {
		return nil
	}
	select {
	case <-u.closed:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("the server answered before it took the request's body"), ctx.Err())
	}
}
