package protocol_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/protocol"
)

func TestSSH_KeyLogin(t *testing.T) {
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(block)
	path := filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := protocol.Lookup("ssh")
	s := serve(t, p, protocol.ServeOptions{Options: soak.Options{JSON: []byte(`{"private_key":"` + path + `"}`)}})
	for what, changes := range map[string]map[string]any{
		"path": {"private_key": path, "password": nil},
		"text": {"private_key": string(text), "password": nil},
	} {
		if err := try(broken(t, p, s, "{}", changes)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := try(broken(t, p, s, "{}", map[string]any{"private_key": nil, "password": "any"})); load.Kind(err, true) != load.BadAuth {
		t.Errorf("a password where there is none: %v", err)
	}
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	block, _ = ssh.MarshalPrivateKey(other, "")
	if err := try(broken(t, p, s, "{}", map[string]any{"private_key": string(pem.EncodeToMemory(block))})); load.Kind(err, true) != load.BadAuth {
		t.Errorf("another key: %v", err)
	}
}

// proxyTo counts the connections that go through it to a server, and can stop
// passing on what the server says on the first one.
type proxyTo struct {
	net.Listener
	mu    sync.Mutex
	conns int
	deaf  atomic.Bool
}

func newProxy(t *testing.T, address string) *proxyTo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxyTo{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns++
			first := p.conns == 1
			p.mu.Unlock()
			server, err := net.Dial("tcp", address)
			if err != nil {
				client.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, client); server.Close() }()
			go p.back(client, server, first)
		}
	}()
	return p
}

func (p *proxyTo) back(client, server net.Conn, first bool) {
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if first && p.deaf.Load() {
			continue
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *proxyTo) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns
}

func TestSSH_SharedConnectionRedialled(t *testing.T) {
	p, _ := protocol.Lookup("ssh")
	w := workload(t, p, serve(t, p, protocol.ServeOptions{}), soak.Options{})
	proxy := newProxy(t, w.Address)
	w.Address = proxy.Addr().String()
	opener, err := protocol.Open(w)
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	var sessions []load.Session
	for range 50 {
		s, err := opener.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sessions = append(sessions, s)
	}
	if proxy.count() != 1 {
		t.Errorf("%d connections for 50 channels", proxy.count())
	}
	proxy.deaf.Store(true)
	if _, _, err := sessions[0].Do(0, time.Now().Add(50*time.Millisecond)); load.Kind(err, false) != "timeout" {
		t.Errorf("of a server that says nothing: %v, want a time-out", err)
	}
	sessions[0].Close()
	again, err := opener.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, _, err := again.Do(0, time.Now().Add(patience)); err != nil || proxy.count() != 2 {
		t.Errorf("on a new connection: %v; %d connections", err, proxy.count())
	}
}
