//go:build linux

package probes

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"soakmon/soak"
)

func TestSockets_ByState(t *testing.T) {
	s := open(t, soak.Process{Role: soak.RoleTarget, PID: os.Getpid()})
	before, events := s.ReadAll(t.Context())
	if len(events) != 0 {
		t.Fatalf("%+v", events)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
	}
	closing, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	closing.Close() // and the server never does: close_wait
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	want := map[string]float64{`sockets{state="listen"}`: 1, `sockets{state="established"}`: 6, `sockets{state="close_wait"}`: 1,
		"udp_sockets": 1, "unix_sockets": 1, "other_sockets": 0}
	old := values(before)
	eventually(t, "all sockets in their states", func() bool {
		now, _ := s.ReadAll(t.Context())
		got := values(now)
		for name, n := range want {
			if got[name]-old[name] != n {
				return false
			}
		}
		return true
	})
}

func TestSockets_Unheld(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	row := func(port, state, inode string) string {
		return "   0: 0100007F:" + port + " 0100007F:9999 " + state + " 00000000:00000000 00:00000000 00000000     0        0 " + inode + " 1 0000000000000000\n"
	}
	root := procFiles(t, map[int]map[string]string{10: processFiles(10, 1, map[string]string{
		"fd/1": "-> socket:[12345]", "fd/2": "-> socket:[12346]", "fd/3": "-> socket:[777]",
		"net/tcp":  head + row("1F90", "06", "0") + row("1F91", "06", "0") + row("1F90", "0A", "12345") + row("1F90", "08", "12346") + row("1F90", "08", "5"),
		"net/tcp6": head + strings.ReplaceAll(row("1F90", "06", "0"), "0100007F", "0000000000000000FFFF00000100007F"),
		"net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00010000 0001 01 999 /run/x\n",
	})})
	s := Open(soak.Process{Role: soak.RoleTarget, PID: 10}, Options{ProcRoot: root})
	defer s.Close()
	samples, _ := s.ReadAll(t.Context())
	got := values(samples)
	want := map[string]float64{`sockets{state="listen"}`: 1, `sockets{state="time_wait"}`: 2, `sockets{state="close_wait"}`: 1, "udp_sockets": 0, "unix_sockets": 0, "other_sockets": 1}
	for name, n := range want {
		if v, ok := got[name]; !ok || v != n {
			t.Errorf("%s is %v, %v; want %v", name, v, ok, n)
		}
	}
}
