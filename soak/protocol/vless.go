package protocol

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol/vless"
)

// vlessInner is the beginning of a VLESS connection to the workload's
// destination, and the same of a user that no server knows.
func vlessInner(w soak.Workload, user vless.UUID) (right, wrong inner, err error) {
	q := vless.Request{User: user, Command: vless.TCP, Destination: w.Destination}
	if w.Network == "udp" {
		q.Command = vless.UDP
	}
	right = inner{reply: vless.ReadReply, secret: "uuid"}
	if right.request, err = q.Append(nil); err != nil {
		return right, wrong, err
	}
	wrong = right
	wrong.request = slices.Clone(right.request)
	wrong.request[1] ^= 0xff
	return right, wrong, nil
}

// DialPacket implements load.PacketDialer, for VLESS.
func (t *tunnel) DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error) {
	conn, err := t.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &vlessPackets{tunnelConn: conn}, tunnelAddr(t.destination), nil
}

// tunnelAddr is a destination behind a server.
type tunnelAddr string

func (tunnelAddr) Network() string  { return "udp" }
func (a tunnelAddr) String() string { return string(a) }

// vlessPackets carries datagrams on a connection, each with its length.
type vlessPackets struct {
	*tunnelConn
	in datagramReader

	mu  sync.Mutex
	out []byte
}

// WriteTo sends a datagram to the destination of the connection.
func (v *vlessPackets) WriteTo(p []byte, _ net.Addr) (int, error) {
	if len(p) > 0xffff {
		return 0, errors.New("vless: a datagram of more than 65,535 bytes")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.out = append(binary.BigEndian.AppendUint16(v.out[:0], uint16(len(p))), p...)
	if _, err := v.Write(v.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ReadFrom reads a datagram; what p has no room for is lost.
func (v *vlessPackets) ReadFrom(p []byte) (int, net.Addr, error) {
	datagram, err := v.in.read(v.tunnelConn)
	return copy(p, datagram), tunnelAddr(v.tunnel.destination), err
}

// datagramReader reads datagrams that have their lengths before them. It goes on
// after a time-out in the middle of one.
type datagramReader struct {
	buf  []byte
	have int
}

// read gives a datagram, which is valid until the next call.
func (d *datagramReader) read(r io.Reader) ([]byte, error) {
	if err := d.fill(r, 2); err != nil {
		return nil, err
	}
	size := 2 + int(binary.BigEndian.Uint16(d.buf))
	if err := d.fill(r, size); err != nil {
		return nil, err
	}
	d.have = 0
	return d.buf[2:size], nil
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

// handshakeTime is how long a client of a reference server may take until its
// request is there.
const handshakeTime = 10 * time.Second

// serveVLESS serves a VLESS connection within TLS, until it ends.
func (o *outbound) serveVLESS(ctx context.Context, conn net.Conn, user vless.UUID) {
	defer conn.Close()
	request, err := vless.ReadRequest(conn, func(u vless.UUID) bool { return u == user })
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if request.Command == vless.UDP {
		o.relayVLESS(ctx, conn, request.Destination)
		return
	}
	destination, err := o.dial(ctx, request.Destination)
	if err != nil {
		_, _ = conn.Write(vless.Reply) // so that it is not taken for a wrong user
		return
	}
	o.relay(&replying{Conn: conn, reply: vless.Reply}, destination)
}

// replying is a connection whose first payload goes out behind a reply.
type replying struct {
	net.Conn
	reply []byte
}

func (r *replying) Write(p []byte) (int, error) {
	if r.reply == nil {
		return r.Conn.Write(p)
	}
	first := append(slices.Clip(r.reply), p...)
	n, err := r.Conn.Write(first)
	n = max(0, n-len(r.reply))
	r.reply = nil
	return n, err
}

// CloseWrite ends the sending side.
func (r *replying) CloseWrite() error {
	if !closeWrite(r.Conn) {
		return fmt.Errorf("a %T has no sending side to close", r.Conn)
	}
	return nil
}

// relayVLESS relays datagrams until the client goes.
func (o *outbound) relayVLESS(ctx context.Context, client net.Conn, address string) {
	var d net.Dialer
	destination, err := d.DialContext(ctx, "udp", address)
	if err != nil {
		_, _ = client.Write(vless.Reply)
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		o.datagramsBack(&replying{Conn: client, reply: vless.Reply}, destination)
		client.Close()
	})
	var in datagramReader
	for {
		datagram, err := in.read(client)
		if err != nil {
			break
		}
		if _, err := destination.Write(datagram); err == nil {
			o.onOperation()
		}
	}
	destination.Close()
	back.Wait()
}

// datagramsBack passes on what a destination says. That nobody listens there
// (ECONNREFUSED) ends nothing: it is a loss.
func (o *outbound) datagramsBack(client io.Writer, destination net.Conn) {
	buf := o.buffers.Get()
	defer o.buffers.Put(buf)
	for {
		n, err := destination.Read(buf[2:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		binary.BigEndian.PutUint16(buf, uint16(n))
		if _, err := client.Write(buf[:2+n]); err != nil {
			return
		}
	}
}
