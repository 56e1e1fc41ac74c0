package protocol

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"soakmon/soak/load"
)

// relayBuffer is the size of the buffers that a proxy relays with.
const relayBuffer = 64 << 10

// outbound is what a reference server of a proxy protocol has in common: it
// reaches destinations, and relays to and from them with buffers that it keeps.
type outbound struct {
	onOperation func()
	buffers     load.Buffers
}

// newOutbound makes an outbound. onOperation is called for each operation of
// which the last byte was sent to a destination; it may be nil.
func newOutbound(onOperation func()) *outbound {
	if onOperation == nil {
		onOperation = func() {}
	}
	return &outbound{onOperation, load.NewBuffers(relayBuffer)}
}

// dial reaches a destination, HOST:PORT.
func (o *outbound) dial(ctx context.Context, destination string) (*net.TCPConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", destination)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// relay copies both ways until both directions have ended or one has failed,
// and closes both connections. The end of one direction is passed on where the
// client's side has a CloseWrite.
func (o *outbound) relay(client net.Conn, destination *net.TCPConn) {
	var both sync.WaitGroup
	both.Go(func() {
		if err := o.copy(client, destination, nil); err != nil || !closeWrite(client) {
			client.Close()
			destination.Close()
		}
	})
	if err := o.copy(destination, client, new(load.OperationCounter)); err != nil || destination.CloseWrite() != nil {
		client.Close()
		destination.Close()
	}
	both.Wait()
	client.Close()
	destination.Close()
}

// closeWrite ends a connection's sending side, where it can be ended alone.
func closeWrite(conn net.Conn) bool {
	half, ok := conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// copy copies until the source ends, and counts operations if asked to.
func (o *outbound) copy(to io.Writer, from io.Reader, operations *load.OperationCounter) error {
	buf := o.buffers.Get()
	defer o.buffers.Put(buf)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
			if operations != nil {
				for range operations.Count(buf[:n]) {
					o.onOperation()
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
