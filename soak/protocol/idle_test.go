package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	netstat "github.com/shirou/gopsutil/v3/net"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/protocol"
)

// TestRealServers_EndIdleAssociations pauses loads on
// kept UDP sessions until the server has forgotten them all.
func TestRealServers_EndIdleAssociations(t *testing.T) {
	t.Parallel() // it mostly waits
	server := startEdited(t, "sing-box-all", func(folder string) {
		path := filepath.Join(folder, "sing-box.json")
		config, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		config = bytes.ReplaceAll(config, []byte(`"udp_timeout": "30s"`), []byte(`"udp_timeout": "2s"`))
		if err := os.WriteFile(path, config, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	var loads []soak.Workload
	for _, w := range server.plan.Load {
		if p, _ := protocol.Lookup(w.Protocol); w.Network == "udp" && p.Transport(w.Options) == "udp" { // those within TLS are not ended
			w, _ = aimed(t, w)
			w.Rate, w.Concurrency, w.PerSession = 20, 4, 0
			loads = append(loads, w)
		}
	}
	d := drive(t)
	kept := server.sockets(t)
	d.send(soak.Command{Do: soak.DoStart, Loads: loads, Interval: 100 * time.Millisecond})
	for want := int64(20); want <= 40; want += 20 {
		d.each(fmt.Sprintf("%d operations", want), func(_ int, l soak.LoadTally) bool { return l.Operations >= want })
		busy := server.sockets(t)
		if busy <= kept+len(loads) {
			t.Errorf("%d sockets of %d loads, and %d before them", busy, len(loads), kept)
		}
		d.send(soak.Command{Do: soak.DoPause})
		d.until("paused", func(t soak.Tally) bool { return t.State == "paused" })
		waitFor(t, "the end of all associations at the server", func() bool { return server.sockets(t) <= kept })
		d.send(soak.Command{Do: soak.DoStart})
	}
	d.each("60 operations", func(_ int, l soak.LoadTally) bool { return l.Operations >= 60 })
	for _, l := range d.last.Loads {
		if l.Failed > 0 || l.Datagrams.Lost > 0 {
			t.Errorf("%s: %d failed: %v; %+v", l.Load, l.Failed, l.Examples, l.Datagrams)
		}
	}
	d.stop()
	server.survived(t)
}

// sockets is how many UDP sockets the server has.
func (r real) sockets(t *testing.T) int {
	t.Helper()
	process, _ := r.target.Process()
	all, err := netstat.ConnectionsPid("udp", int32(process.PID))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestSession_EndedByDestinationWhileIdle has each session used
// every three seconds, and ended before. Streams on a QUIC connection and
// channels on one of SSH cannot be asked.
func TestSession_EndedByDestinationWhileIdle(t *testing.T) {
	t.Parallel() // it mostly waits
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go echoUntilIdle(conn)
		}
	}()
	var loads []soak.Workload
	for _, one := range []struct{ name, variant string }{{"tcp_relay", "{}"}, {"socks", "{}"}, {"reality", "{}"}, {"ech", `{"inner":"vless"}`}, {"ech", `{"inner":"trojan"}`}} {
		p, _ := protocol.Lookup(one.name)
		o := soak.Options{JSON: []byte(one.variant)}
		if !p.Proxy {
			o.JSON = fmt.Appendf(nil, `{"destination":%q}`, l.Addr())
		}
		w := workload(t, p, serve(t, p, protocol.ServeOptions{Options: o}), o)
		w.Name, w.Destination, w.Rate, w.Concurrency = one.name+one.variant, l.Addr().String(), 4, 12
		loads = append(loads, w)
	}
	d := drive(t)
	d.send(soak.Command{Do: soak.DoStart, Loads: loads, Interval: 100 * time.Millisecond})
	d.each("24 operations", func(_ int, l soak.LoadTally) bool { return l.Operations >= 24 })
	for _, l := range d.last.Loads {
		if l.Failed > 0 || l.Sessions < 20 {
			t.Errorf("%s: %d failed: %v; %d sessions", l.Load, l.Failed, l.Examples, l.Sessions)
		}
	}
	d.stop()
}

func echoUntilIdle(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 2000)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		_, _ = conn.Write(buf[:n])
		_ = conn.SetReadDeadline(time.Now().Add(1500 * time.Millisecond))
	}
}

// A session that was not used for a second is looked at before it is used.
func TestSession_StaleAfterServerClose(t *testing.T) {
	t.Parallel() // it mostly waits
	destination["tcp"]()
	var sessions []load.Session
	for name := range overQUIC {
		p, _ := protocol.Lookup(name)
		p.Networks = []string{"tcp"}
		server := serve(t, p, protocol.ServeOptions{})
		opener, err := p.Open(workload(t, p, server, soak.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		s := openSession(t, opener)
		defer s.Close()
		if _, _, err := s.Do(0, time.Now().Add(patience)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		server.Close()
		sessions = append(sessions, s)
	}
	<-time.After(1500 * time.Millisecond)
	for _, s := range sessions {
		if _, _, err := s.Do(1, time.Now().Add(time.Second)); !errors.Is(err, load.ErrStale) {
			t.Errorf("%v, want it stale", err)
		}
	}
}
