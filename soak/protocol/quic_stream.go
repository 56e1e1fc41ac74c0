package protocol

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// quicStream is a stream as a net.Conn, which can be closed at any time.
type quicStream struct {
	*quic.Stream
	conn    *quic.Conn
	rest    []byte // read ahead
	writing atomic.Bool
	closed  atomic.Bool
}

func (s *quicStream) LocalAddr() net.Addr  { return s.conn.LocalAddr() }
func (s *quicStream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

func (s *quicStream) Read(p []byte) (int, error) {
	if len(s.rest) > 0 {
		n := copy(p, s.rest)
		s.rest = s.rest[n:]
		return n, nil
	}
	return s.Stream.Read(p)
}

func (s *quicStream) Write(p []byte) (int, error) {
	s.writing.Store(true)
	defer s.writing.Store(false)
	if s.closed.Load() {
		return 0, net.ErrClosed
	}
	return s.Stream.Write(p)
}

// CloseWrite ends the sending side.
func (s *quicStream) CloseWrite() error { return s.Stream.Close() }

// Close ends both sides. What was written still arrives, unless a Write is under
// way, which is broken off.
func (s *quicStream) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.CancelRead(0)
	if s.writing.Load() {
		s.CancelWrite(0)
		return nil
	}
	return s.Stream.Close()
}

// readHead reads what a stream begins with: parse says how long it is, or asks
// for more by io.ErrUnexpectedEOF. What was read ahead is read again.
func (s *quicStream) readHead(buf []byte, parse func([]byte) (int, error)) error {
	have := 0
	for {
		n, err := s.Stream.Read(buf[have:])
		have += n
		if n > 0 {
			head, parseErr := parse(buf[:have])
			if parseErr == nil {
				s.rest = buf[head:have]
				return nil
			}
			if !errors.Is(parseErr, io.ErrUnexpectedEOF) {
				return parseErr
			}
		}
		switch {
		case errors.Is(err, io.EOF) && have > 0:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case have == headBuffer:
			return errors.New("the head of the stream is too long")
		case have == len(buf):
			buf = append(buf, make([]byte, min(len(buf), headBuffer-have))...)
		}
	}
}

// proxyStream is a stream to a destination, from the client's side. The request
// goes with the first bytes that are written, and its answer is read before the
// first ones that are read: neither costs a round trip.
type proxyStream struct {
	quicStream
	link    *quicLink
	request []byte                    // still to be sent
	answer  func([]byte) (int, error) // still to be read; nil: none
	first   bool                      // nothing was read yet
	spoken  bool                      // something came from the destination
	release func() error              // after the stream is closed

	sentAt time.Time // when the last Write began
	heard  uint64    // packets received on the connection by then
}

// together is how many bytes of the first Write go with the request.
const together = 8 << 10

func (s *proxyStream) Write(p []byte) (int, error) {
	s.sentAt, s.heard = time.Now(), s.link.heard()
	if s.request == nil {
		n, err := s.quicStream.Write(p)
		return n, s.failed(err)
	}
	head := len(s.request)
	first := append(s.request, p[:min(len(p), together)]...)
	s.request = nil
	n, err := s.quicStream.Write(first)
	n = max(n-head, 0)
	if err == nil && n < len(p) {
		var m int
		m, err = s.quicStream.Write(p[n:])
		n += m
	}
	return n, s.failed(err)
}

func (s *proxyStream) Read(p []byte) (int, error) {
	if s.first {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	n, err := s.quicStream.Read(p)
	s.spoken = s.spoken || n > 0
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		err = s.failed(err)
	case !s.spoken: // some servers say yes before they reach the destination
		err = s.link.proxy.codec.refusal(s.link, err)
	}
	return n, err
}

// begin sends the request, if it was not, and reads the answer.
func (s *proxyStream) begin() error {
	if s.request != nil {
		if _, err := s.Write(nil); err != nil {
			return err
		}
	}
	buf := make([]byte, 512)
	parse := s.answer
	if parse == nil {
		parse = func([]byte) (int, error) { return 0, nil }
	}
	err := s.readHead(buf, parse)
	if err == nil {
		s.first = false
		s.link.answered.Store(true)
		return nil
	}
	return s.failed(err)
}

// failed gives an error its kind, and gives up a connection on which a time-out
// was due to silence.
func (s *proxyStream) failed(err error) error {
	if err == nil {
		return nil
	}
	err = s.link.failed(err, s.sentAt, s.heard)
	if s.first {
		err = s.link.proxy.codec.refusal(s.link, err)
	}
	return err
}

// Ended implements load.Ender: the server has closed the connection, with a CONNECTION_CLOSE.
func (s *proxyStream) Ended() bool { return s.conn.Context().Err() != nil && !s.link.lost.Load() }

func (s *proxyStream) Close() error {
	err := s.quicStream.Close()
	if s.release != nil {
		err = errors.Join(err, s.release())
		s.release = nil
	}
	return err
}
