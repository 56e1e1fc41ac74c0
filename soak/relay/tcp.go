package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"soakmon/soak"
)

const (
	chunkSize   = 16 << 10
	mostWaiting = 64                    // chunks of one direction of a connection
	mostReads   = 20                    // by which a stall or reset happens, at the latest
	acceptPause = 50 * time.Millisecond // out of file descriptors
	dialTimeout = 10 * time.Second
)

// tcpRelay relays connections.
type tcpRelay struct {
	Options
	out, back *link
	listener  net.Listener
	ctx       context.Context
	cancel    context.CancelFunc
	served    sync.WaitGroup
	buffers   sync.Pool
}

func startTCP(ctx context.Context, o Options, out, back *link) (*Relay, error) {
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	t := &tcpRelay{Options: o, out: out, back: back, listener: listener, buffers: sync.Pool{New: func() any { return new([chunkSize]byte) }}}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.served.Go(t.accept)
	context.AfterFunc(t.ctx, func() { listener.Close() })
	return &Relay{listener.Addr().String(), t}, nil
}

// Close implements [io.Closer].
func (t *tcpRelay) Close() error {
	t.cancel()
	t.served.Wait()
	return nil
}

func (t *tcpRelay) accept() {
	for n := uint64(1); ; n++ {
		conn, err := t.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case <-time.After(acceptPause):
			case <-t.ctx.Done():
			}
		default:
			t.served.Go(func() { t.serve(conn.(*net.TCPConn), n) })
		}
	}
}

func (t *tcpRelay) serve(client *net.TCPConn, number uint64) {
	h := t.handshake(time.Now())
	conn, err := t.dial(h)
	if err != nil {
		reset(client)
		return
	}
	server := conn.(*net.TCPConn)
	stop := context.AfterFunc(t.ctx, func() { reset(client, server) })
	defer stop()
	f := newFate(t.Conditions, t.Seed, number)
	var both sync.WaitGroup
	both.Go(func() { t.direction(client, server, t.back, &fate{}, h.server) })
	t.direction(server, client, t.out, &f, h.client)
	both.Wait()
	client.Close()
	server.Close()
}

// handshake is when the three segments of one that begins now would arrive
// (RFC 9293, section 3.5). Each side may send from then on.
type handshake struct{ syn, client, server time.Time }

func (t *tcpRelay) handshake(now time.Time) (h handshake) {
	h.syn = now.Add(t.out.lag())
	h.client = h.syn.Add(t.back.lag())
	h.server = h.client.Add(t.out.lag())
	return h
}

// dial connects to the target when the client's first segment arrives there. An
// error returns when the refusal would reach the client.
func (t *tcpRelay) dial(h handshake) (net.Conn, error) {
	if err := sleep(t.ctx, time.Until(h.syn)); err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(t.ctx, "tcp", t.Target)
	if err != nil {
		err = errors.Join(err, sleep(t.ctx, time.Until(h.client)))
	}
	return conn, err
}

// direction passes on one direction, the end of the stream included. Nothing is
// sent before opens.
func (t *tcpRelay) direction(to, from *net.TCPConn, l *link, f *fate, opens time.Time) {
	var err error
	if l.immediate() && f.reads == 0 {
		_, err = to.ReadFrom(from)
	} else {
		err = t.shape(to, from, l, f, opens)
	}
	if err != nil || to.CloseWrite() != nil {
		reset(to, from)
	}
}

// reset ends connections with a TCP reset.
func reset(conns ...*net.TCPConn) {
	for _, c := range conns {
		_ = c.SetLinger(0)
		c.Close()
	}
}

// fate is a stall or reset of a connection after a number of reads; none where that
// is 0.
type fate struct {
	reads int
	reset bool
	stall time.Duration
}

var errFate = errors.New("reset by the conditions")

func newFate(c soak.Conditions, seed, number uint64) fate {
	chance := rand.New(rand.NewPCG(seed, ^number))
	f := fate{reads: 1 + chance.IntN(mostReads)}
	switch draw := chance.Float64(); {
	case draw < c.Reset:
		f.reset = true
	case draw < c.Reset+c.Stall:
		f.stall = c.StallFor
	default:
		f.reads = 0
	}
	return f
}

// meet counts a read, and stalls or resets when it is time.
func (f *fate) meet(ctx context.Context) error {
	if f.reads == 0 {
		return nil
	}
	if f.reads--; f.reads > 0 {
		return nil
	}
	if f.reset {
		return errFate
	}
	return sleep(ctx, f.stall)
}

// chunk is a read that waits for its time.
type chunk struct {
	at   time.Time
	data *[chunkSize]byte
	n    int
}

// shape passes one direction on under conditions: read, wait, write, in two
// goroutines, with a bounded queue between them.
func (t *tcpRelay) shape(to, from *net.TCPConn, l *link, f *fate, opens time.Time) error {
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	queue := make(chan chunk, mostWaiting)
	written := make(chan error, 1)
	go func() {
		err := t.write(ctx, to, queue)
		cancel()
		if err != nil {
			_ = from.SetReadDeadline(time.Now())
		}
		written <- err
	}()
	err := t.read(ctx, from, l, f, opens, queue)
	close(queue)
	if err != nil {
		cancel() // what waits is cut off, as a reset does
	}
	return errors.Join(<-written, err)
}

func (t *tcpRelay) read(ctx context.Context, from io.Reader, l *link, f *fate, opens time.Time, queue chan<- chunk) error {
	var last time.Time
	for {
		if err := sleep(ctx, l.wait(time.Now())); err != nil {
			return err
		}
		data := t.buffers.Get().(*[chunkSize]byte)
		n, err := from.Read(data[:])
		if err == nil {
			err = f.meet(ctx)
		}
		if err != nil {
			t.buffers.Put(data)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		now := time.Now()
		if now.Before(opens) {
			now = opens
		}
		last = l.passStream(n, now, last)
		select {
		case queue <- chunk{last, data, n}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *tcpRelay) write(ctx context.Context, to io.Writer, queue <-chan chunk) error {
	for c := range queue {
		if err := sleep(ctx, time.Until(c.at)); err != nil {
			return err
		}
		_, err := to.Write(c.data[:c.n])
		t.buffers.Put(c.data)
		if err != nil {
			return err
		}
	}
	return nil
}

// sleep waits for d, or until ctx ends, which is an error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
