package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	mostFlows    = 1024            // clients at a time; when it is exceeded, the one that was silent longest is forgotten
	flowIdle     = 2 * time.Minute // a client that is silent for this time is forgotten (RFC 4787, section 4.3)
	mostBytes    = 16 << 20        // that wait, each way
	socketBuffer = 4 << 20         // asked of the kernel
	mostDatagram = 64 << 10        // bytes, of a train as well
)

// udpRelay relays datagrams. Each client has a socket of its own towards the
// target, a flow, as in a NAT.
type udpRelay struct {
	Options
	conn      *net.UDPConn // clients' side
	target    *net.UDPAddr
	out, back *line
	served    sync.WaitGroup

	mu    sync.Mutex
	flows map[netip.AddrPort]*flow // nil when closed
}

// flow is one client's.
type flow struct {
	client netip.AddrPort
	conn   *net.UDPConn // connected to the target
	used   atomic.Int64 // Unix nanoseconds
}

func startUDP(ctx context.Context, o Options, out, back *link) (*Relay, error) {
	target, err := net.ResolveUDPAddr("udp", o.Target)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	var listen net.ListenConfig
	conn, err := listen.ListenPacket(ctx, "udp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	u := &udpRelay{Options: o, conn: conn.(*net.UDPConn), target: target, flows: map[netip.AddrPort]*flow{}}
	u.out, u.back = newLine(out), newLine(back)
	prepare(u.conn)
	u.served.Go(u.outward)
	context.AfterFunc(ctx, func() { u.Close() })
	return &Relay{conn.LocalAddr().String(), u}, nil
}

// Close implements [io.Closer].
func (u *udpRelay) Close() error {
	u.mu.Lock()
	flows := u.flows
	u.flows = nil
	u.mu.Unlock()
	if flows == nil {
		u.served.Wait()
		return nil
	}
	u.conn.Close()
	for _, f := range flows {
		f.conn.Close()
	}
	u.served.Wait()
	u.out.close()
	u.back.close()
	return nil
}

// outward passes on what clients send.
func (u *udpRelay) outward() {
	buf, oob := make([]byte, mostDatagram), make([]byte, oobSize)
	for {
		n, oobn, _, from, err := u.conn.ReadMsgUDPAddrPort(buf, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of an earlier answer, whose receiver is gone
		}
		if f := u.flow(from); f != nil {
			f.used.Store(time.Now().UnixNano())
			u.out.pass(buf[:n], segment(oob[:oobn], n), f.conn, netip.AddrPort{})
		}
	}
}

// inward passes on what the target answers to one client.
func (u *udpRelay) inward(f *flow) {
	defer u.forget(f)
	buf, oob := make([]byte, mostDatagram), make([]byte, oobSize)
	_ = f.conn.SetReadDeadline(time.Now().Add(flowIdle))
	for {
		n, oobn, _, _, err := f.conn.ReadMsgUDPAddrPort(buf, oob)
		var timeout net.Error
		switch {
		case err == nil:
			f.used.Store(time.Now().UnixNano())
			u.back.pass(buf[:n], segment(oob[:oobn], n), u.conn, f.client)
		case errors.Is(err, net.ErrClosed):
			return
		case errors.As(err, &timeout) && timeout.Timeout():
			idle := time.Unix(0, f.used.Load()).Add(flowIdle)
			if !time.Now().Before(idle) {
				return
			}
			_ = f.conn.SetReadDeadline(idle)
		} // else nobody listens there now: an ICMP message of an earlier datagram
	}
}

// flow is that of a client, a new one where it has none; nil where none can be had.
func (u *udpRelay) flow(client netip.AddrPort) *flow {
	u.mu.Lock()
	defer u.mu.Unlock()
	if f := u.flows[client]; f != nil || u.flows == nil {
		return f
	}
	if len(u.flows) >= mostFlows {
		u.oldest().conn.Close() // its reader forgets it
	}
	conn, err := net.DialUDP("udp", nil, u.target)
	if err != nil {
		return nil
	}
	prepare(conn)
	f := &flow{client: client, conn: conn}
	u.flows[client] = f
	u.served.Go(func() { u.inward(f) })
	return f
}

// oldest is the flow that was silent longest. mu is held.
func (u *udpRelay) oldest() (oldest *flow) {
	for _, f := range u.flows {
		if oldest == nil || f.used.Load() < oldest.used.Load() {
			oldest = f
		}
	}
	delete(u.flows, oldest.client)
	return oldest
}

func (u *udpRelay) forget(f *flow) {
	f.conn.Close()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.flows[f.client] == f {
		delete(u.flows, f.client)
	}
}
