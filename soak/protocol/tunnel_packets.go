package protocol

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
)

// datagramForm is how a protocol writes datagrams on a connection.
type datagramForm interface {
	// head appends what precedes a datagram to or from an address.
	head(b []byte, address string, size int) ([]byte, error)
	// parse finds where in b the datagram that begins it starts and ends. While
	// b is too short, start is 0 and end the length needed.
	parse(b []byte) (address string, start, end int, err error)
}

// DialPacket implements load.PacketDialer.
func (t *tunnel) DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error) {
	conn, err := t.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &tunnelPackets{tunnelConn: conn, in: datagramReader{form: t.inner.form}}, tunnelAddr(t.destination), nil
}

// tunnelAddr is a destination behind a server.
type tunnelAddr string

func (tunnelAddr) Network() string  { return "udp" }
func (a tunnelAddr) String() string { return string(a) }

// tunnelPackets carries datagrams on a connection through a TLS proxy.
type tunnelPackets struct {
	*tunnelConn
	in datagramReader

	mu  sync.Mutex
	out []byte
}

// WriteTo sends a datagram.
func (t *tunnelPackets) WriteTo(p []byte, to net.Addr) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out, err := t.in.form.head(t.out[:0], to.String(), len(p))
	if err != nil {
		return 0, err
	}
	t.out = append(out, p...)
	if _, err := t.Write(t.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ReadFrom reads a datagram; what p has no room for is lost.
func (t *tunnelPackets) ReadFrom(p []byte) (int, net.Addr, error) {
	datagram, from, err := t.in.read(t.tunnelConn)
	return copy(p, datagram), tunnelAddr(from), err
}

// datagramReader reads datagrams from a connection. It continues after a time-out
// in the middle of one.
type datagramReader struct {
	form datagramForm
	buf  []byte
	have int
}

// read gives a datagram, which is valid until the next call, and its address.
func (d *datagramReader) read(r io.Reader) (datagram []byte, address string, err error) {
	for {
		address, start, end, err := d.form.parse(d.buf[:d.have])
		if err != nil {
			return nil, "", err
		}
		if start > 0 && d.have == end {
			d.have = 0
			return d.buf[start:end], address, nil
		}
		if err := d.fill(r, end); err != nil {
			return nil, "", err
		}
	}
}

// fill reads until n bytes are there.
func (d *datagramReader) fill(r io.Reader, n int) error {
	if len(d.buf) < n {
		d.buf = append(d.buf, make([]byte, n-len(d.buf))...)
	}
	for d.have < n {
		m, err := r.Read(d.buf[d.have:n])
		d.have += m
		if err != nil && d.have < n {
			return err
		}
	}
	return nil
}

// relayDatagrams relays datagrams both ways until the client goes.
func (o *outbound) relayDatagrams(client net.Conn, form datagramForm) {
	defer client.Close()
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		o.datagramsBack(client, socket, form)
		client.Close()
	})
	o.datagramsOut(socket, client, form)
	socket.Close()
	back.Wait()
}

// datagramsOut sends what a client says, each to its address. What cannot be
// sent is lost.
func (o *outbound) datagramsOut(socket *net.UDPConn, client io.Reader, form datagramForm) {
	in := datagramReader{form: form}
	var last string
	var to netip.AddrPort
	for {
		datagram, address, err := in.read(client)
		if err != nil {
			return
		}
		if address != last {
			resolved, err := net.ResolveUDPAddr("udp", address)
			if err != nil {
				continue
			}
			last, to = address, resolved.AddrPort()
		}
		if _, err := socket.WriteToUDPAddrPort(datagram, to); err == nil {
			o.onOperation()
		}
	}
}

// datagramsBack passes on to a client what comes back.
func (o *outbound) datagramsBack(client io.Writer, socket *net.UDPConn, form datagramForm) {
	buf := o.buffers.Get()
	defer o.buffers.Put(buf)
	var out []byte
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		address := netip.AddrPortFrom(from.Addr().Unmap(), from.Port()).String()
		if out, err = form.head(out[:0], address, n); err != nil {
			continue
		}
		out = append(out, buf[:n]...)
		if _, err := client.Write(out); err != nil {
			return
		}
	}
}
