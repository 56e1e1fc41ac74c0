package tls13

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Sizes of the buffer that a connection reads into: it grows when a read fills
// it, so that one that carries little stays small.
const (
	firstBuffer = 8 << 10
	lastBuffer  = 128 << 10
)

// Transport is a TCP connection on which a handshake takes place. It is read
// record by record, so that at the end of the handshake nothing of what follows
// is in the library, and what is written waits until something must be read: the
// last message of the handshake goes with the first payload, see [Conn.Flush].
//
// It is a net.Conn for tls.Client or tls.Server, and the KeyLogWriter of their
// configuration, without which there is no [Transport.Takeover].
type Transport struct {
	net.Conn
	buf     []byte // what was read: buf[r:w] is unused
	r, w    int
	hello   int    // end of the ClientHello in buf
	left    int    // bytes of the record that the library is reading
	held    []byte // written, not yet sent
	secrets map[string][]byte
}

// NewTransport makes a transport of a connection on which nothing was said.
func NewTransport(conn net.Conn) *Transport {
	return &Transport{Conn: conn, buf: make([]byte, firstBuffer)}
}

// Read reads the rest of a record, or of the next one.
func (t *Transport) Read(p []byte) (int, error) {
	if t.left == 0 {
		size, err := t.peek(headerSize)
		if err != nil {
			return 0, err
		}
		t.left = headerSize + int(binary.BigEndian.Uint16(size[3:]))
	}
	if t.r == t.w {
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.buf[t.r:min(t.w, t.r+t.left)])
	t.r += n
	t.left -= n
	return n, nil
}

// Write holds back what is written until something must be read.
func (t *Transport) Write(p []byte) (int, error) {
	t.held = append(t.held, p...)
	return len(p), nil
}

// Flush sends what is held back.
func (t *Transport) Flush() error {
	if len(t.held) == 0 {
		return nil
	}
	held := t.held
	t.held = nil
	_, err := t.Conn.Write(held)
	return err
}

// Close sends what is held back, such as the alert of a failed handshake, where
// the connection takes it, and closes.
func (t *Transport) Close() error {
	_ = t.Flush() // it is over either way
	return t.Conn.Close()
}

// NetConn is the connection below.
func (t *Transport) NetConn() net.Conn { return t.Conn }

// fill reads more from the connection, at least one byte.
func (t *Transport) fill() error {
	if err := t.Flush(); err != nil {
		return err
	}
	if t.r == t.w {
		t.r, t.w = 0, 0
	}
	if t.w == len(t.buf) || t.r > 0 && len(t.buf)-t.w < maxRecord {
		t.w = copy(t.buf, t.buf[t.r:t.w])
		t.r = 0
	}
	n, err := t.Conn.Read(t.buf[t.w:])
	t.w += n
	if t.w == len(t.buf) && len(t.buf) < lastBuffer {
		grown := make([]byte, min(8*len(t.buf), lastBuffer))
		copy(grown, t.buf)
		t.buf = grown
	}
	if n > 0 {
		return nil
	}
	return err
}

// peek gives the next n bytes, at most maxRecord, without using them up.
func (t *Transport) peek(n int) ([]byte, error) {
	for t.w-t.r < n {
		if err := t.fill(); err != nil {
			return nil, err
		}
	}
	return t.buf[t.r : t.r+n], nil
}

// buffered is the size of the next record, 0 where it is not whole yet.
func (t *Transport) buffered() int {
	if t.w-t.r < headerSize {
		return 0
	}
	size := headerSize + int(binary.BigEndian.Uint16(t.buf[t.r+3:]))
	if t.w-t.r < size {
		return 0
	}
	return size
}

// record reads a whole record, which is valid until the next call.
func (t *Transport) record() ([]byte, error) {
	head, err := t.peek(headerSize)
	if err != nil {
		return nil, err
	}
	size := headerSize + int(binary.BigEndian.Uint16(head[3:]))
	if size > maxRecord {
		return nil, tls.RecordHeaderError{Msg: "tls13: a record of more than 16 KiB", RecordHeader: [5]byte(head), Conn: t.Conn}
	}
	record, err := t.peek(size)
	t.r += len(record)
	return record, err
}

// KeyLog takes the secrets that a library writes to its KeyLogWriter, in the
// format of NSS.
type KeyLog struct{ t *Transport }

// KeyLog is to be the KeyLogWriter of the configuration.
func (t *Transport) KeyLog() KeyLog { return KeyLog{t} }

// Write takes one line: a label, the client's random and a secret.
func (k KeyLog) Write(line []byte) (int, error) {
	fields := strings.Fields(string(line))
	if len(fields) != 3 {
		return 0, errors.New("tls13: a line of the key log is not: label, random, secret")
	}
	secret, err := hex.DecodeString(fields[2])
	if err != nil {
		return 0, fmt.Errorf("tls13: the secret in a line of the key log: %w", err)
	}
	if k.t.secrets == nil {
		k.t.secrets = map[string][]byte{}
	}
	k.t.secrets[fields[0]] = secret
	return len(line), nil
}

// The labels of the key log that matter here.
const (
	clientTraffic = "CLIENT_TRAFFIC_SECRET_0"
	serverTraffic = "SERVER_TRAFFIC_SECRET_0"
)

// Takeover carries on after the handshake, in the place of the library.
func (t *Transport) Takeover(cipherSuite uint16, client bool) (*Conn, error) {
	s, ok := suites[cipherSuite]
	if !ok {
		return nil, fmt.Errorf("tls13: cipher suite %s does not belong to TLS 1.3", tls.CipherSuiteName(cipherSuite))
	}
	in, out := t.secrets[serverTraffic], t.secrets[clientTraffic]
	if in == nil || out == nil || t.left > 0 {
		return nil, errors.New("tls13: the handshake is not over or gave no secrets")
	}
	if t.secrets = nil; !client {
		in, out = out, in
	}
	return newConn(t, s, in, out)
}
