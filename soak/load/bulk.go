package load

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// The wire protocol of bulk transfers. A connection that begins with the
// greeting carries requests, one after the other; any other is echoed. A content
// never begins like the greeting, whose first byte is above 0x7f.
//
//	request, 24 bytes, little endian: kind, size, key
//	    up:   size bytes of the content of key follow; then comes a receipt
//	    down: size bytes of its reply come back
//	    both: both at once; the receipt comes last
//	receipt, 16 bytes: 1 where all bytes were verified, else 0; bytes received
const greeting = "\xf5soak bulk v1\r\n\xf5"

const (
	requestSize = 24
	receiptSize = 16
)

const (
	up   = 1
	down = 2
)

// requests are the kinds by mode: a set of directions.
var requests = map[string]uint64{BulkUp: up, BulkDown: down, BulkBoth: up | down}

func (s *connSession) greet(deadline time.Time) error {
	if err := s.conn.SetDeadline(deadline); err != nil {
		return err
	}
	_, err := s.conn.Write([]byte(greeting))
	return err
}

// bulkSession transfers payloads to and from a [Destination].
type bulkSession struct {
	connSession
	mode    string
	buffers Buffers
}

func (s *bulkSession) Do(n uint64, deadline time.Time) (sent, received int64, err error) {
	if err := s.begin(deadline); err != nil {
		return 0, 0, err
	}
	content := NewContent(s.id, n, s.payload)
	if err := writeRequest(s.conn, requests[s.mode], content); err != nil {
		return 0, 0, err
	}
	switch s.mode {
	case BulkUp:
		sent, err = s.up(content)
	case BulkDown:
		received, err = s.down(content)
	default:
		sent, received, err = s.both(content)
	}
	if err == nil && s.mode != BulkDown {
		err = readReceipt(s.conn, content)
	}
	s.used = time.Now()
	return sent, received, err
}

func (s *bulkSession) up(content Content) (int64, error) {
	buf := s.buffers.Get()
	defer s.buffers.Put(buf)
	return content.send(s.conn, buf)
}

func (s *bulkSession) down(content Content) (int64, error) {
	buf := s.buffers.Get()
	defer s.buffers.Put(buf)
	return content.reply().Receive(s.conn, buf)
}

func (s *bulkSession) both(content Content) (sent, received int64, err error) {
	done := make(chan error)
	go func() {
		var err error
		sent, err = s.up(content)
		if err != nil {
			s.Close() // ends the other direction
		}
		done <- err
	}()
	received, err = s.down(content)
	if err != nil {
		s.Close()
	}
	if upErr := <-done; upErr != nil && (err == nil || Kind(err, false) == "closed") {
		err = upErr
	}
	return sent, received, err
}

func writeRequest(w io.Writer, kind uint64, content Content) error {
	var b [requestSize]byte
	binary.LittleEndian.PutUint64(b[0:], kind)
	binary.LittleEndian.PutUint64(b[8:], uint64(content.size))
	binary.LittleEndian.PutUint64(b[16:], content.key)
	_, err := w.Write(b[:])
	return err
}

func readRequest(r io.Reader) (kind uint64, content Content, err error) {
	var b [requestSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, Content{}, err
	}
	kind = binary.LittleEndian.Uint64(b[0:])
	content = Content{binary.LittleEndian.Uint64(b[16:]), int64(binary.LittleEndian.Uint64(b[8:]))}
	if kind < up || kind > up|down || content.size < 0 {
		return 0, Content{}, fmt.Errorf("bad bulk request: kind %d, size %d", kind, content.size)
	}
	return kind, content, nil
}

func writeReceipt(w io.Writer, verified bool, received int64) error {
	var b [receiptSize]byte
	if verified {
		b[0] = 1
	}
	binary.LittleEndian.PutUint64(b[8:], uint64(received))
	_, err := w.Write(b[:])
	return err
}

func readReceipt(r io.Reader, content Content) error {
	var b [receiptSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	received := int64(binary.LittleEndian.Uint64(b[8:]))
	if b[0] != 1 || received != content.size {
		return mismatch("the destination could not verify the transfer: %d of %d bytes", received, content.size)
	}
	return nil
}

// readFull is io.ReadFull without a conversion to an interface, which would
// allocate.
func readFull(conn net.Conn, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = conn.Read(p[n:])
		n += m
	}
	if n == len(p) {
		return n, nil
	}
	return n, err
}
