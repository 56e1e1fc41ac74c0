package protocol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"soakmon/soak/protocol/datagram"
)

// datagramCodec is a protocol's form of relayed datagrams.
type datagramCodec struct {
	appendMessage func([]byte, datagram.Message) []byte
	parseMessage  func([]byte) (datagram.Message, error)
	appendAddress func([]byte, string) ([]byte, error)
	parseAddress  func([]byte) (string, error)
}

// send sends a message in a QUIC datagram, or in several where it does not fit.
// buf is scratch; what it has become is given back.
func (c datagramCodec) send(conn *quic.Conn, buf []byte, m datagram.Message) ([]byte, error) {
	m.Fragments = 1
	buf = c.appendMessage(buf[:0], m)
	err := conn.SendDatagram(buf)
	large, ok := errors.AsType[*quic.DatagramTooLargeError](err)
	if !ok {
		return buf, err
	}
	room := int(large.MaxDatagramPayloadSize) - (len(buf) - len(m.Data))
	return buf, datagram.Split(m, room, func(part datagram.Message) error {
		buf = c.appendMessage(buf[:0], part)
		return conn.SendDatagram(buf)
	})
}

// sendStream sends a message on a stream of its own.
func (c datagramCodec) sendStream(conn *quic.Conn, m datagram.Message) error {
	m.Fragments = 1
	stream, err := conn.OpenUniStream()
	if err != nil {
		return err
	}
	_, err = stream.Write(c.appendMessage(nil, m))
	_ = stream.Close()
	if _, stopped := errors.AsType[*quic.StreamError](err); stopped {
		return nil // the peer had enough of it, or it is lost
	}
	return err
}

// DialPacket implements load.PacketDialer.
func (p *quicProxy) DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error) {
	link, release, err := p.link(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn, err := link.dialPacket(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, release())
	}
	conn.release = release
	return conn, conn.to, nil
}

func (l *quicLink) dialPacket(ctx context.Context) (*proxyPackets, error) {
	wire, err := l.proxy.codec.datagrams().appendAddress(nil, l.proxy.destination)
	if err != nil {
		return nil, fmt.Errorf("destination: %w", err)
	}
	a, err := l.proxy.codec.associate(ctx, l)
	if err != nil {
		return nil, l.proxy.codec.refusal(l, l.failed(err, time.Now(), 0))
	}
	c := &proxyPackets{proxyAssociation: a, link: l, to: proxyAddr(l.proxy.destination), wire: wire,
		queue: make(chan datagram.Message, packetQueue), done: make(chan struct{})}
	l.packets.add(l, c)
	return c, nil
}

// proxyAddr is an address behind a proxy.
type proxyAddr string

func (proxyAddr) Network() string  { return networkUDP }
func (a proxyAddr) String() string { return string(a) }

// packetSlack is how long a server may be silent while associations end: a stall
// loses datagrams, and no more.
const packetSlack = 2 * time.Second

// packetQueue is how many datagrams wait to be read from an association; more
// are dropped, as those of a socket are.
const packetQueue = 512

// proxyPackets is an association with a server, as a net.PacketConn.
type proxyPackets struct {
	proxyAssociation
	link    *quicLink
	release func() error
	to      proxyAddr
	wire    []byte // the same as the protocol writes it

	writing sync.Mutex
	packet  uint16
	buf     []byte
	heard   uint64    // packets received on the connection when sentAt was set
	sentAt  time.Time // of the first datagram after which nothing was heard; zero before any

	queue     chan datagram.Message
	assembler datagram.Assembler // of who receives
	reading   deadline
	done      chan struct{}
	close     sync.Once
}

func (c *proxyPackets) WriteTo(p []byte, to net.Addr) (int, error) {
	select {
	case <-c.done:
		return 0, net.ErrClosed
	default:
	}
	wire := c.wire
	codec := c.link.proxy.codec.datagrams()
	if to != net.Addr(c.to) {
		var err error
		if wire, err = codec.appendAddress(nil, to.String()); err != nil {
			return 0, err
		}
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if heard := c.link.heard(); heard != c.heard || c.sentAt.IsZero() {
		c.heard, c.sentAt = heard, time.Now()
	}
	c.packet++
	m := datagram.Message{Session: c.id, Packet: c.packet, Address: wire, Data: p}
	var err error
	if c.link.proxy.overStreams {
		err = codec.sendStream(c.link.conn, m)
	} else {
		c.buf, err = codec.send(c.link.conn, c.buf, m)
	}
	if err != nil {
		return 0, c.link.proxy.codec.refusal(c.link, c.link.failed(err, time.Now(), 0))
	}
	return len(p), nil
}

func (c *proxyPackets) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case m := <-c.queue:
		return c.take(p, m)
	default:
	}
	select {
	case m := <-c.queue:
		return c.take(p, m)
	case <-c.reading.wait():
		return 0, nil, os.ErrDeadlineExceeded
	case <-c.done:
		return 0, nil, net.ErrClosed
	case <-c.ended:
		return 0, nil, io.EOF
	case <-c.link.conn.Context().Done():
		err := context.Cause(c.link.conn.Context())
		return 0, nil, c.link.proxy.codec.refusal(c.link, c.link.failed(err, time.Now(), 0))
	}
}

func (c *proxyPackets) take(p []byte, m datagram.Message) (int, net.Addr, error) {
	if bytes.Equal(m.Address, c.wire) {
		return copy(p, m.Data), c.to, nil
	}
	from, err := c.link.proxy.codec.datagrams().parseAddress(m.Address)
	if err != nil {
		from = "" // it has no valid address; the datagram is there
	}
	return copy(p, m.Data), proxyAddr(from), nil
}

func (c *proxyPackets) LocalAddr() net.Addr { return c.link.conn.LocalAddr() }

// SetDeadline sets that of reads: a write waits for nothing but the connection.
func (c *proxyPackets) SetDeadline(t time.Time) error      { return c.SetReadDeadline(t) }
func (c *proxyPackets) SetWriteDeadline(_ time.Time) error { return nil }
func (c *proxyPackets) SetReadDeadline(t time.Time) error {
	c.reading.set(t)
	return nil
}

func (c *proxyPackets) Close() (err error) {
	c.close.Do(func() {
		close(c.done)
		c.reading.set(time.Time{})
		c.link.packets.remove(c)
		c.leave()
		if c.writing.Lock(); !c.sentAt.IsZero() {
			c.link.giveUpIfSilent(c.sentAt, c.heard, packetSlack)
		}
		c.writing.Unlock()
		if c.release != nil {
			err = c.release()
		}
	})
	return err
}

// linkPackets are the associations on a connection.
type linkPackets struct {
	mu   sync.Mutex
	open map[uint32]*proxyPackets // nil before the first
}

func (l *linkPackets) add(link *quicLink, c *proxyPackets) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[uint32]*proxyPackets{}
		go l.receive(link)
		if link.proxy.overStreams {
			go l.receiveStreams(link)
		}
	}
	l.open[c.id] = c
}

func (l *linkPackets) remove(c *proxyPackets) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[c.id] == c {
		delete(l.open, c.id)
	}
}

// receive gives each datagram of a connection to its association.
func (l *linkPackets) receive(link *quicLink) {
	for {
		b, err := link.conn.ReceiveDatagram(context.Background())
		if err != nil {
			return // the connection has ended
		}
		l.deliver(link, b)
	}
}

func (l *linkPackets) receiveStreams(link *quicLink) {
	for {
		stream, err := link.conn.AcceptUniStream(context.Background())
		if err != nil {
			return // the connection has ended
		}
		go func() {
			defer stream.CancelRead(0)
			if b, err := io.ReadAll(io.LimitReader(stream, largestCommand)); err == nil {
				l.deliver(link, b)
			}
		}()
	}
}

func (l *linkPackets) deliver(link *quicLink, b []byte) {
	m, err := link.proxy.codec.datagrams().parseMessage(b)
	if err != nil {
		return
	}
	link.answered.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.open[m.Session]
	if c == nil {
		return
	}
	if m, ok := c.assembler.Add(m); ok {
		select {
		case c.queue <- m:
		default:
		}
	}
}
