package relay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/relay"
)

func relayTo(t testing.TB, network, target string, c soak.Conditions) *relay.Relay {
	t.Helper()
	r, err := relay.Start(context.Background(), relay.Options{Network: network, Target: target, Conditions: c, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// echoTCP and echoUDP are the reference destination.
func echoTCP(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	destination := load.NewDestination(nil)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() { destination.Serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); served.Wait() })
	return l.Addr().String()
}

func echoUDP(t testing.TB) string {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(1 << 20)
	var served sync.WaitGroup
	served.Go(func() { load.EchoPackets(conn, nil) })
	t.Cleanup(func() { conn.Close(); served.Wait() })
	return conn.LocalAddr().String()
}

type dialer string

func (d dialer) Dial(ctx context.Context) (net.Conn, error) {
	var nd net.Dialer
	return nd.DialContext(ctx, "tcp", string(d))
}

func (d dialer) DialPacket(ctx context.Context) (net.PacketConn, net.Addr, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	to, err := net.ResolveUDPAddr("udp", string(d))
	return conn, to, err
}

func (dialer) Close() error { return nil }

// operate does n operations on a session and gives the fastest.
func operate(t testing.TB, o load.Opener, n uint64) (fastest time.Duration) {
	t.Helper()
	s, err := o.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fastest = time.Hour
	for i := range n {
		began := time.Now()
		if _, _, err := s.Do(i, began.Add(20*time.Second)); err != nil {
			t.Fatalf("operation %d: %v", i, err)
		}
		fastest = min(fastest, time.Since(began))
	}
	return fastest
}

func conns(t testing.TB, address, mode string, payload int64) load.Opener {
	t.Helper()
	o, err := load.Conns(dialer(address), mode, payload)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func packets(t testing.TB, address string, payload int64) load.Opener {
	t.Helper()
	o, err := load.Packets(dialer(address), load.PacketOptions{Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var conditions = map[string]soak.Conditions{
	"none":  {},
	"delay": {Delay: 5 * time.Millisecond, Jitter: 2 * time.Millisecond},
	"rate":  {Rate: 50e6},
}

func TestRelay_EveryByte(t *testing.T) {
	tcp, udp := echoTCP(t), echoUDP(t)
	for name, c := range conditions {
		t.Run(name, func(t *testing.T) {
			r := relayTo(t, "tcp", tcp, c)
			operate(t, conns(t, r.Addr(), load.Echo, 100_000), 10)
			operate(t, conns(t, r.Addr(), load.BulkBoth, 4<<20), 2)
			u := relayTo(t, "udp", udp, c)
			operate(t, packets(t, u.Addr(), 1200), 20)
			operate(t, packets(t, u.Addr(), load.MostPacket), 3)
		})
	}
}

func TestRelay_DelayRoundTrip(t *testing.T) {
	c := soak.Conditions{Delay: 20 * time.Millisecond}
	tcp := operate(t, conns(t, relayTo(t, "tcp", echoTCP(t), c).Addr(), load.Echo, 100), 5)
	udp := operate(t, packets(t, relayTo(t, "udp", echoUDP(t), c).Addr(), 100), 5)
	for network, d := range map[string]time.Duration{"tcp": tcp, "udp": udp} {
		if d < 40*time.Millisecond || d > 60*time.Millisecond {
			t.Errorf("%s: a round trip takes %v, want 40 ms", network, d)
		}
	}
}

// fastest is the least that something takes, of five times.
func fastest(t *testing.T, do func() error) time.Duration {
	t.Helper()
	least := time.Hour
	for range 5 {
		began := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		least = min(least, time.Since(began))
	}
	return least
}

// A handshake takes a round trip, which a client waits for before it speaks and
// a server after it has answered.
func TestRelay_NewConnectionRoundTrip(t *testing.T) {
	greeter, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer greeter.Close()
	go func() {
		for {
			conn, err := greeter.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello"))
			conn.Close()
		}
	}()
	nobody, _ := net.Listen("tcp", "127.0.0.1:0")
	nobody.Close()
	c := soak.Conditions{Delay: 20 * time.Millisecond}
	echo, greets, refuses := relayTo(t, "tcp", echoTCP(t), c), relayTo(t, "tcp", greeter.Addr().String(), c), relayTo(t, "tcp", nobody.Addr().String(), c)
	hear := func(r *relay.Relay) error {
		conn, err := net.Dial("tcp", r.Addr())
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Read(make([]byte, 5))
		return err
	}
	for what, took := range map[string]struct{ got, want time.Duration }{
		"the first answer": {fastest(t, func() error { operate(t, conns(t, echo.Addr(), load.Echo, 100), 1); return nil }), 80 * time.Millisecond},
		"a greeting":       {fastest(t, func() error { return hear(greets) }), 80 * time.Millisecond},
		"a refusal": {fastest(t, func() error {
			if err := hear(refuses); !errors.Is(err, syscall.ECONNRESET) {
				return fmt.Errorf("of nobody: %w", err)
			}
			return nil
		}), 40 * time.Millisecond},
	} {
		if took.got < took.want || took.got >= took.want+20*time.Millisecond {
			t.Errorf("%s takes %v, want %v", what, took.got, took.want)
		}
	}
}

func TestRelay_Rate(t *testing.T) {
	r := relayTo(t, "tcp", echoTCP(t), soak.Conditions{Rate: 10e6})
	began := time.Now()
	operate(t, conns(t, r.Addr(), load.BulkUp, 3<<20), 1)
	if took := time.Since(began).Seconds(); took < 0.29 {
		t.Errorf("3 MiB at 10 MB/s took %.3f s", took)
	}
}

// lose counts which of n datagrams come back through a relay, sent one by one.
func lose(t *testing.T, c soak.Conditions, n int) (back []bool, count int) {
	t.Helper()
	conn, err := net.Dial("udp", relayTo(t, "udp", echoUDP(t), c).Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range n {
		buf := []byte{byte(i), byte(i >> 8)}
		if _, err := conn.Write(buf); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
		_, err := conn.Read(buf)
		back = append(back, err == nil)
		if err == nil {
			count++
		}
	}
	return back, count
}

func TestRelay_LossReproducible(t *testing.T) {
	c := soak.Conditions{Loss: 0.1}
	one, count := lose(t, c, 300)
	two, _ := lose(t, c, 300)
	if count < 210 || count > 270 { // 81 %
		t.Errorf("%d of 300 came back through 10 %% of loss each way", count)
	}
	differ := 0
	for i := range one {
		if one[i] != two[i] {
			differ++
		}
	}
	if differ > 3 { // what a busy machine brought back too late
		t.Errorf("%d of 300 met another fate the second time", differ)
	}
}

func TestRelay_ResetPropagates(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range conditions {
		r := relayTo(t, "tcp", l.Addr().String(), c)
		for _, byServer := range []bool{true, false} {
			client, err := net.Dial("tcp", r.Addr())
			if err != nil {
				t.Fatal(err)
			}
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			resetter, victim := client, server
			if byServer {
				resetter, victim = server, client
			}
			_ = resetter.(*net.TCPConn).SetLinger(0)
			resetter.Close()
			_ = victim.SetReadDeadline(time.Now().Add(5 * time.Second))
			if _, err := victim.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s, by the server %v: %v", name, byServer, err)
			}
			victim.Close()
		}
	}
}

func TestRelay_HalfClose(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range conditions {
		client, err := net.Dial("tcp", relayTo(t, "tcp", l.Addr().String(), c).Addr())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = client.Write([]byte("question"))
		_ = client.(*net.TCPConn).CloseWrite()
		if all, err := io.ReadAll(server); string(all) != "question" || err != nil {
			t.Errorf("%s: %q, %v", name, all, err)
		}
		_, _ = server.Write([]byte("answer"))
		server.Close()
		if all, err := io.ReadAll(client); string(all) != "answer" || err != nil {
			t.Errorf("%s: %q, %v", name, all, err)
		}
		client.Close()
	}
}

func TestRelay_Fates(t *testing.T) {
	r := relayTo(t, "tcp", echoTCP(t), soak.Conditions{Reset: 0.3, Stall: 0.3, StallFor: 200 * time.Millisecond})
	resets, stalls := 0, 0
	for range 30 {
		s, err := conns(t, r.Addr(), load.Echo, 100).Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint64(25) {
			began := time.Now()
			_, _, err := s.Do(i, began.Add(5*time.Second))
			if err != nil && load.Kind(err, false) != "reset" {
				t.Errorf("%v", err)
			}
			if err != nil {
				resets++
				break
			}
			if time.Since(began) >= 200*time.Millisecond {
				stalls++
			}
		}
		s.Close()
	}
	if resets < 3 || resets > 17 || stalls < 3 || stalls > 17 {
		t.Errorf("%d of 30 connections were reset, %d stalled; want 30 %% each", resets, stalls)
	}
}

func held() (fds, goroutines int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries), runtime.NumGoroutine()
}

func TestRelay_CloseLeaksNothing(t *testing.T) {
	tcp, udp := echoTCP(t), echoUDP(t)
	operate(t, conns(t, tcp, load.Echo, 100), 1) // the runtime's own descriptors
	fds, goroutines := held()
	for _, c := range conditions {
		ctx, cancel := context.WithCancel(context.Background())
		for _, end := range []func(*relay.Relay){func(r *relay.Relay) { r.Close() }, func(*relay.Relay) { cancel() }} {
			var open []load.Session
			var relays []*relay.Relay
			for network, target := range map[string]string{"tcp": tcp, "udp": udp} {
				r, err := relay.Start(ctx, relay.Options{Network: network, Target: target, Conditions: c})
				if err != nil {
					t.Fatal(err)
				}
				relays = append(relays, r)
				o := conns(t, r.Addr(), load.Echo, 100)
				if network == "udp" {
					o = packets(t, r.Addr(), 100)
				}
				for range 5 {
					s, err := o.Open(context.Background())
					if err != nil {
						t.Fatal(err)
					}
					if _, _, err := s.Do(0, time.Now().Add(5*time.Second)); err != nil {
						t.Fatal(err)
					}
					open = append(open, s)
				}
			}
			for _, r := range relays {
				end(r)
				r.Close()
			}
			for _, s := range open {
				s.Close()
			}
		}
		cancel()
	}
	for end := time.Now().Add(10 * time.Second); ; {
		f, g := held()
		if f <= fds && g <= goroutines {
			return
		}
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d fds and %d goroutines, before %d and %d\n%s", f, g, fds, goroutines, buf[:runtime.Stack(buf, true)])
		}
		<-time.After(10 * time.Millisecond)
	}
}
