package protocol_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// cable carries the datagrams of clients to a server and back. It can be cut for
// those that are there, as if the server had forgotten them.
type cable struct {
	socket *net.UDPConn
	server string

	mu  sync.Mutex
	far map[string]*farEnd // by client
}

// farEnd is the socket that speaks to the server for a client.
type farEnd struct {
	net.Conn
	cut atomic.Bool
}

func newCable(t *testing.T, server string) *cable {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{socket: socket, server: server, far: map[string]*farEnd{}}
	go c.carry()
	t.Cleanup(c.close)
	return c
}

func (c *cable) addr() string { return c.socket.LocalAddr().String() }

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, far := range c.far {
		far.cut.Store(true)
	}
}

func (c *cable) close() {
	c.socket.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, far := range c.far {
		far.Close()
	}
}

func (c *cable) carry() {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := c.socket.ReadFromUDP(buf)
		if err != nil {
			return
		}
		if far := c.end(from); far != nil && !far.cut.Load() {
			_, _ = far.Write(buf[:n]) // lost, as it may be
		}
	}
}

func (c *cable) end(client *net.UDPAddr) *farEnd {
	c.mu.Lock()
	defer c.mu.Unlock()
	if far, ok := c.far[client.String()]; ok {
		return far
	}
	conn, err := net.Dial("udp", c.server)
	if err != nil {
		return nil
	}
	far := &farEnd{Conn: conn}
	c.far[client.String()] = far
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := far.Read(buf)
			if err != nil {
				return
			}
			if !far.cut.Load() {
				_, _ = c.socket.WriteToUDP(buf[:n], client) // lost, as it may be
			}
		}
	}()
	return far
}
