package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
)

func overTCP(address, mode string, payload int64, rate float64, concurrency int) soak.Workload {
	return soak.Workload{Name: "tcp", Protocol: "tcp", Address: address, Destination: mode, Payload: payload,
		Rate: rate, Concurrency: concurrency, Timeout: 5 * time.Second}
}

func open(t testing.TB, address, mode string, payload int64) Session {
	t.Helper()
	opener, err := openTCP(overTCP(address, mode, payload, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	s, err := opener.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); opener.Close() })
	return s
}

func soon() time.Time { return time.Now().Add(5 * time.Second) }

// waitFor waits for a condition of the world outside.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
		<-tick.C
	}
}

func TestEcho_AnySize(t *testing.T) {
	var operations atomic.Int64
	destination := NewDestination(func() { operations.Add(1) })
	for name, serve := range map[string]func(net.Conn){"plain": plainEcho, "destination": destination.Serve} {
		address := listen(t, serve)
		for _, size := range sizes {
			before := operations.Load()
			s := open(t, address, Echo, size)
			for n := range uint64(3) {
				if sent, received, err := s.Do(n, soon()); err != nil || sent != size || received != size {
					t.Fatalf("%s echo of %d: sent %d, received %d, %v", name, size, sent, received, err)
				}
			}
			if name == "destination" {
				waitFor(t, "three operations counted", func() bool { return operations.Load() == before+3 })
			}
			s.Close()
		}
	}
}

func TestBulk_VerifiedAtBothEnds(t *testing.T) {
	var operations atomic.Int64
	address := listen(t, NewDestination(func() { operations.Add(1) }).Serve)
	for _, mode := range []string{BulkUp, BulkDown, BulkBoth} {
		for _, size := range sizes {
			before := operations.Load()
			s := open(t, address, mode, size)
			for n := range uint64(3) {
				sent, received, err := s.Do(n, soon())
				if err != nil || mode != BulkDown && sent != size || mode != BulkUp && received != size {
					t.Fatalf("%s of %d: sent %d, received %d, %v", mode, size, sent, received, err)
				}
			}
			waitFor(t, "three transfers counted", func() bool { return operations.Load() == before+3 })
			s.Close()
		}
	}
}

// damage passes a connection on and inverts one byte of what comes back or of
// what goes there.
func damage(t *testing.T, address string, up, down int) string {
	return listen(t, func(client net.Conn) {
		defer client.Close()
		server, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		defer server.Close()
		done := make(chan struct{})
		go func() {
			copyDamaged(server, client, up)
			server.(*net.TCPConn).CloseWrite()
			close(done)
		}()
		copyDamaged(client, server, down)
		client.Close()
		<-done
	})
}

func copyDamaged(to io.Writer, from io.Reader, at int) {
	buf := make([]byte, 4096)
	for done := 0; ; {
		n, err := from.Read(buf)
		if done <= at && at < done+n {
			buf[at-done] ^= 0xff
		}
		done += n
		if _, writeErr := to.Write(buf[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

func TestBulk_DamagedByte(t *testing.T) {
	const size, never = 100_000, 1 << 40
	address := listen(t, NewDestination(nil).Serve)
	for _, c := range []struct {
		mode     string
		up, down int
	}{
		{Echo, never, 77}, {Echo, 5, never}, {Echo, 99_000, never},
		{BulkUp, 70_000, never}, {BulkDown, never, 70_000}, {BulkBoth, 50_000, never}, {BulkBoth, never, 50_000},
	} {
		s := open(t, damage(t, address, c.up, c.down), c.mode, size)
		_, _, err := s.Do(0, soon())
		if kind := Kind(errors.Join(err), false); err == nil || kind != "mismatch" {
			t.Errorf("%s with byte %d up and %d down inverted: %v (%s)", c.mode, c.up, c.down, err, kind)
		}
	}
}

func TestBulk_PlainEcho(t *testing.T) {
	address := listen(t, plainEcho)
	for _, mode := range []string{BulkUp, BulkDown, BulkBoth} {
		s := open(t, address, mode, 10_000)
		if _, _, err := s.Do(0, time.Now().Add(time.Second)); err == nil {
			t.Errorf("%s passed", mode)
		}
	}
}

func TestDestination_ForeignBytes(t *testing.T) {
	address := listen(t, NewDestination(nil).Serve)
	for _, text := range []string{"x", "hello\r\n", greeting[:5] + "!", "\xf5so\x00"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(soon())
		got := make([]byte, len(text))
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
		conn.Close()
	}
}

func TestConns_Rejects(t *testing.T) {
	if _, err := Conns(tcp(""), Echo, 0); err == nil || !strings.Contains(err.Error(), "at least 1") {
		t.Errorf("payload 0: %v", err)
	}
	if _, err := Conns(tcp(""), "bulk", 1); err == nil || !strings.Contains(err.Error(), "bulk_up") {
		t.Errorf("mode bulk: %v", err)
	}
}

func TestDirty_OnTheWire(t *testing.T) {
	type end struct {
		read int
		err  error
	}
	ends := make(chan end, 8)
	address := listen(t, func(conn net.Conn) {
		defer conn.Close()
		var e end
		buf := make([]byte, 10_000)
		for e.err == nil {
			var n int
			n, e.err = conn.Read(buf)
			e.read += n
			if n == 1000 {
				_, _ = conn.Write(buf[:n])
			}
		}
		ends <- e
	})
	opener, _ := Conns(tcp(address), Echo, 1000)
	hold := 300 * time.Millisecond
	for _, c := range []struct {
		kind  string
		read  int
		reset bool
		held  bool
	}{
		{Reset, 1000, true, false},
		{Silent, 1000, true, true}, // closed with unread bytes: the kernel resets
		{HalfOpen, 0, false, true},
		{Abort, 500, false, false},
		{SlowReader, 1000, true, true},
	} {
		begun := time.Now()
		if err := opener.(Dirtier).Dirty(context.Background(), c.kind, hold, nil); err != nil {
			t.Errorf("%s: %v", c.kind, err)
		}
		held := time.Since(begun) >= hold
		e := <-ends
		if e.read != c.read || errors.Is(e.err, syscall.ECONNRESET) != c.reset || held != c.held {
			t.Errorf("%s: the server read %d bytes and %v; held: %v", c.kind, e.read, e.err, held)
		}
	}
	if err := opener.(Dirtier).Dirty(context.Background(), "smelly", hold, nil); err == nil {
		t.Error("an unknown kind was run")
	}
	released := make(chan struct{})
	close(released)
	begun := time.Now()
	if err := opener.(Dirtier).Dirty(context.Background(), Silent, time.Minute, released); err != nil || time.Since(begun) > 10*time.Second {
		t.Errorf("released at once, it took %v, %v", time.Since(begun), err)
	}
}

func TestDestination_BadEnds(t *testing.T) {
	var bad, served atomic.Int64
	destination := NewDestination(nil).OnBadEnd(func() { bad.Add(1) })
	address := listen(t, func(conn net.Conn) {
		destination.Serve(conn)
		served.Add(1)
	})
	opener, _ := Conns(tcp(address), Echo, 1000)
	for i, kind := range DirtyKinds {
		if err := opener.(Dirtier).Dirty(context.Background(), kind, 50*time.Millisecond, nil); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		waitFor(t, "the session ended", func() bool { return served.Load() == int64(i+1) })
		if n := bad.Load(); n != int64(i+1) {
			t.Errorf("after %s %d bad ends were seen, want %d", kind, n, i+1)
		}
	}
	bad.Store(0)
	for n := range uint64(3) {
		s, err := opener.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for range n + 1 {
			if _, _, err := s.Do(n, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
	}
	waitFor(t, "the clean sessions ended", func() bool { return served.Load() == int64(len(DirtyKinds)+3) })
	if n := bad.Load(); n != 0 {
		t.Errorf("%d of 3 clean sessions were taken for dirty ones", n)
	}
}

func TestKind_RealSockets(t *testing.T) {
	kindOf := func(address string, payload int64, timeout time.Duration) string {
		t.Helper()
		opener, _ := Conns(tcp(address), Echo, payload)
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		s, err := opener.Open(ctx)
		if err != nil {
			return Kind(err, true)
		}
		defer s.Close()
		if _, _, err = s.Do(0, time.Now().Add(timeout)); err == nil {
			return "no error"
		}
		return Kind(err, false)
	}
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	unused := l.Addr().String()
	l.Close()
	short := 200 * time.Millisecond
	for want, got := range map[string]string{
		"refused": kindOf(unused, 10, short),
		"timeout": kindOf(listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c); c.Close() }), 10, short),
		"eof":     kindOf(listen(t, func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 10)); c.Close() }), 10, 5*time.Second),
		"reset": kindOf(listen(t, func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, 10))
			_ = Linger0(c)
			c.Close()
		}), 10, 5*time.Second),
		"mismatch": kindOf(listen(t, func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, 10))
			_, _ = c.Write(make([]byte, 10))
			c.Close()
		}), 10, 5*time.Second),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestKind_OtherErrors(t *testing.T) {
	for want, err := range map[string]error{
		"dial_timeout": &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded},
		"dns":          &net.DNSError{Err: "no such host", Name: "x"},
		"unreachable":  fmt.Errorf("dial: %w", syscall.EHOSTUNREACH),
		"no_files":     fmt.Errorf("socket: %w", syscall.EMFILE),
		"no_ports":     fmt.Errorf("dial: %w", syscall.EADDRNOTAVAIL),
		"tls":          fmt.Errorf("dial: %w", tls.AlertError(40)),
		"status":       fmt.Errorf("h1: %w", &Error{"status", errBroken}),
		"other":        errBroken,
	} {
		if got := Kind(err, true); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
}

func TestDrive_RealSockets(t *testing.T) {
	for _, c := range []struct {
		name       string
		mode       string
		perSession int
		dirty      map[string]float64
	}{
		{"kept", Echo, 0, nil},
		{"new sessions", Echo, 1, nil},
		{"sessions of ten, dirty ones among them", Echo, 10, map[string]float64{Reset: 0.1, Silent: 0.05, HalfOpen: 0.05, Abort: 0.1, SlowReader: 0.05}},
		{"bulk", BulkBoth, 3, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var open atomic.Int64
			destination := NewDestination(nil)
			address := listen(t, func(conn net.Conn) {
				open.Add(1)
				defer open.Add(-1)
				destination.Serve(conn)
			})
			// No finalizer may close what was forgotten.
			percent := debug.SetGCPercent(-1)
			defer debug.SetGCPercent(percent)
			d := drive(t, DriveOptions{Open: openTCP})
			fds, goroutines := countFDs(t), runtime.NumGoroutine()
			w := overTCP(address, c.mode, 4096, 250, 100)
			w.PerSession, w.Dirty = c.perSession, c.dirty
			d.start(100*time.Millisecond, w)
			got := d.until("operations", func(t soak.Tally) bool { return t.Loads[0].Operations >= 500 }).Loads[0]
			if got.Failed != 0 || got.Due-got.Operations-got.Late > 100 || c.dirty != nil && sum(got.Dirty) == 0 {
				t.Errorf("%+v", got)
			}
			d.send(soak.Command{Do: soak.DoDrain})
			d.await("drained")
			waitFor(t, "the server's connections ended", func() bool { return open.Load() == 0 })
			waitFor(t, "file descriptors back where they were", func() bool { return countFDs(t) == fds })
			waitFor(t, "goroutines back where they were", func() bool { return runtime.NumGoroutine() <= goroutines })
			d.stop()
		})
	}
}

func TestDrive_ServerRestarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	destination := NewDestination(nil)
	serve := func(l net.Listener) (stop func()) {
		var mu sync.Mutex
		var conns []net.Conn
		var all sync.WaitGroup
		all.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				mu.Lock()
				conns = append(conns, conn)
				mu.Unlock()
				all.Go(func() { destination.Serve(conn) })
			}
		})
		return func() {
			l.Close()
			mu.Lock()
			for _, c := range conns {
				c.Close()
			}
			mu.Unlock()
			all.Wait()
		}
	}
	stop := serve(l)
	d := drive(t, DriveOptions{Open: openTCP})
	d.start(50*time.Millisecond, overTCP(l.Addr().String(), Echo, 100, 200, 10))
	d.until("operations", func(t soak.Tally) bool { return t.Loads[0].Operations > 50 })
	stop()
	down := d.until("refusals", func(t soak.Tally) bool { return t.Loads[0].Errors["refused"] > 20 }).Loads[0]
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	stop = serve(again)
	d.until("operations again", func(t soak.Tally) bool { return t.Loads[0].Operations > down.Operations+100 && t.Loads[0].Open == 10 })
	d.stop()
	stop()
}

func countFDs(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("needs /proc/self/fd")
	}
	return len(entries)
}
