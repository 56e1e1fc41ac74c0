package load

import (
	"bytes"
	"errors"
	"io"
	"net"
)

// Destination is the reference server behind every protocol: it echoes what it
// reads, and does verified bulk transfers on connections that ask for them. Its
// buffers are reused, so that its own memory stays flat.
type Destination struct {
	onOperation func()
	onBadEnd    func()
	small       Buffers // one per echoed connection
	large       Buffers // one or two per transfer
}

const echoBuffer = 16 << 10

// NewDestination makes a destination. onOperation is called after each
// operation, from many goroutines; it may be nil.
func NewDestination(onOperation func()) *Destination {
	if onOperation == nil {
		onOperation = func() {}
	}
	return &Destination{onOperation, func() {}, NewBuffers(echoBuffer), NewBuffers(bufferSize)}
}

// OnBadEnd has f called for each connection to be echoed that its client does
// not end between two operations after the first: that it resets, cuts off or
// never says anything on. It is called from many goroutines.
func (d *Destination) OnBadEnd(f func()) *Destination {
	d.onBadEnd = f
	return d
}

// Serve serves one connection until it ends, and closes it.
func (d *Destination) Serve(conn net.Conn) {
	defer conn.Close()
	buf := d.small.Get()
	defer d.small.Put(buf)
	n, bulk, err := greeted(conn, buf)
	switch {
	case err != nil:
		d.end(err, true)
	case bulk:
		d.transfers(conn, io.MultiReader(bytes.NewReader(buf[len(greeting):n]), conn))
	default:
		d.echo(conn, buf, n)
	}
}

// greeted reads n bytes to buf, until it is certain whether the connection
// begins with the greeting.
func greeted(conn net.Conn, buf []byte) (n int, bulk bool, err error) {
	for err == nil {
		var m int
		m, err = conn.Read(buf[n:])
		n += m
		head := min(n, len(greeting))
		if string(buf[:head]) != greeting[:head] {
			return n, false, nil
		}
		if n >= len(greeting) {
			return n, true, nil
		}
	}
	return n, false, err
}

func (d *Destination) echo(conn net.Conn, buf []byte, n int) {
	var operations OperationCounter
	for {
		if _, err := conn.Write(buf[:n]); err != nil {
			d.end(err, true)
			return
		}
		for range operations.Count(buf[:n]) {
			d.onOperation()
		}
		var err error
		if n, err = conn.Read(buf); n == 0 && err != nil {
			d.end(err, operations.UnderWay())
			return
		}
	}
}

// end takes note of how a connection ended; one that we closed ourselves ended
// as it should.
func (d *Destination) end(err error, underWay bool) {
	if !errors.Is(err, net.ErrClosed) && (underWay || !errors.Is(err, io.EOF)) {
		d.onBadEnd()
	}
}

func (d *Destination) transfers(conn net.Conn, r io.Reader) {
	for {
		kind, content, err := readRequest(r)
		if err == nil {
			err = d.transfer(conn, r, kind, content)
		}
		if err != nil {
			return
		}
		d.onOperation()
	}
}

func (d *Destination) transfer(conn net.Conn, r io.Reader, kind uint64, content Content) error {
	sent := make(chan error, 1)
	switch kind {
	case down:
		return d.send(conn, content.reply())
	case up | down:
		go func() { sent <- d.send(conn, content.reply()) }()
	default:
		sent <- nil
	}
	buf := d.large.Get()
	received, err := content.Receive(r, buf)
	d.large.Put(buf)
	if err != nil && Kind(err, false) != "mismatch" {
		conn.Close() // ends the other direction
	}
	if sendErr := <-sent; sendErr != nil {
		return sendErr
	}
	if receiptErr := writeReceipt(conn, err == nil, received); receiptErr != nil {
		return receiptErr
	}
	return err
}

func (d *Destination) send(conn net.Conn, content Content) error {
	buf := d.large.Get()
	defer d.large.Put(buf)
	_, err := content.send(conn, buf)
	return err
}
