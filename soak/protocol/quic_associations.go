package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"soakmon/soak/protocol/datagram"
)

// associationIdle is how long an association of which nothing is heard keeps its
// socket: some protocols have no way to end one.
const associationIdle = 10 * time.Second

// associations relay the datagrams of one client of a reference server. Each has
// a socket of its own.
type associations struct {
	conn  *quic.Conn
	out   quicOutbound
	codec datagramCodec

	mu   sync.Mutex
	next uint32
	all  map[uint32]*association // nil when closed
	ends sync.WaitGroup
}

// association is one socket towards destinations.
type association struct {
	id        uint32
	socket    *net.UDPConn
	streams   bool   // answers use streams, as the questions did
	over      func() // called at its end; may be nil
	heard     atomic.Int64
	mu        sync.Mutex
	assembler datagram.Assembler
	wire      []byte         // the last destination as the protocol writes it
	to        netip.AddrPort // the same
}

func newAssociations(conn *quic.Conn, out quicOutbound, codec datagramCodec) *associations {
	return &associations{conn: conn, out: out, codec: codec, all: map[uint32]*association{}}
}

// receive relays the client's QUIC datagrams until the connection ends.
func (a *associations) receive(ctx context.Context) {
	for {
		b, err := a.conn.ReceiveDatagram(ctx)
		if err != nil {
			return
		}
		if m, err := a.codec.parseMessage(b); err == nil {
			a.relay(m, false)
		}
	}
}

// relay sends a datagram on, once it is whole. The first of an association opens
// it.
func (a *associations) relay(m datagram.Message, streams bool) {
	s, err := a.get(m.Session, streams)
	if err != nil {
		return // a datagram is lost
	}
	s.heard.Store(time.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.assembler.Add(m)
	if !ok {
		return
	}
	if string(m.Address) != string(s.wire) {
		if s.to, err = a.resolve(m.Address); err != nil {
			s.wire = nil
			return
		}
		s.wire = append(s.wire[:0], m.Address...)
	}
	if _, err := s.socket.WriteToUDPAddrPort(m.Data, s.to); err == nil {
		a.out.onOperation()
	}
}

func (a *associations) resolve(wire []byte) (netip.AddrPort, error) {
	address, err := a.codec.parseAddress(wire)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if to, err := netip.ParseAddrPort(address); err == nil {
		return to, nil
	}
	to, err := udpAddress(a.conn.Context(), address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return to.AddrPort(), nil
}

// open opens an association with the next number. over is called when it ends
// before the client's connection does.
func (a *associations) open(over func()) (uint32, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next++
	s, err := a.add(a.next, false)
	if err != nil {
		return 0, err
	}
	s.over = over
	return s.id, nil
}

func (a *associations) get(id uint32, streams bool) (*association, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.all[id]; ok {
		return s, nil
	}
	return a.add(id, streams)
}

// add opens an association. mu is held.
func (a *associations) add(id uint32, streams bool) (*association, error) {
	if a.all == nil {
		return nil, net.ErrClosed
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, fmt.Errorf("associate: %w", err)
	}
	s := &association{id: id, socket: socket, streams: streams}
	s.heard.Store(time.Now().UnixNano())
	a.all[id] = s
	a.ends.Go(func() {
		a.answer(s)
		a.end(id)
	})
	return s, nil
}

// answer relays what comes back, until the socket is closed or nothing was heard
// for long.
func (a *associations) answer(s *association) {
	in := a.out.buffers.Get()
	defer a.out.buffers.Put(in)
	var wire, buf []byte
	var last netip.AddrPort
	var packet uint16
	for {
		_ = s.socket.SetReadDeadline(time.Now().Add(associationIdle)) // a closed socket's read fails
		n, from, err := s.socket.ReadFromUDPAddrPort(in)
		if errors.Is(err, os.ErrDeadlineExceeded) && time.Since(time.Unix(0, s.heard.Load())) < associationIdle {
			continue
		}
		if err != nil {
			return
		}
		if from != last {
			last = from
			if wire, err = a.codec.appendAddress(wire[:0], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()).String()); err != nil {
				continue
			}
		}
		packet++
		m := datagram.Message{Session: s.id, Packet: packet, Address: wire, Data: in[:n]}
		if s.streams {
			_ = a.codec.sendStream(a.conn, m) // what cannot be sent is lost
		} else {
			buf, _ = a.codec.send(a.conn, buf, m)
		}
	}
}

// end closes an association.
func (a *associations) end(id uint32) {
	a.mu.Lock()
	s, ok := a.all[id]
	if ok {
		delete(a.all, id)
	}
	a.mu.Unlock()
	if !ok {
		return
	}
	s.socket.Close()
	if s.over != nil {
		s.over()
	}
}

// close closes all.
func (a *associations) close() {
	a.mu.Lock()
	all := a.all
	a.all = nil
	a.mu.Unlock()
	for _, s := range all {
		s.socket.Close()
	}
	a.ends.Wait()
}
