package protocol_test

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
)

// broken is a load on a server, with options changed; a nil takes one away.
func broken(t *testing.T, p protocol.Protocol, s protocol.Server, variant string, changes map[string]any) soak.Workload {
	t.Helper()
	w := workload(t, p, s, soak.Options{JSON: []byte(variant)})
	var all map[string]any
	if err := json.Unmarshal(w.Options.JSON, &all); err != nil {
		t.Fatal(err)
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	w.Options.JSON, _ = json.Marshal(all)
	return w
}

// try does one operation on a new session.
func try(w soak.Workload) error {
	opener, err := protocol.Open(w)
	if err != nil {
		return err
	}
	defer opener.Close()
	return operate(opener, 1, patience)
}

const (
	anotherUUID = "b831381d-6324-4d53-ad4f-8cda48b30811"
	anotherKey  = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
)

func TestTunnel_ErrorKinds(t *testing.T) {
	ech, _ := protocol.Lookup("ech")
	var other struct {
		Config string `json:"ech_config"`
	}
	if err := json.Unmarshal(serve(t, ech, protocol.ServeOptions{}).Options().JSON, &other); err != nil {
		t.Fatal(err)
	}
	unused, _ := net.Listen("tcp", "127.0.0.1:0")
	unused.Close()
	nowhere := unused.Addr().String()
	for _, c := range []struct {
		protocol, variant string
		changes           map[string]any
		destination       string
		kind, says        string
	}{
		{"reality", "{}", map[string]any{"uuid": anotherUUID}, "", load.BadAuth, "check uuid"},
		{"reality", "{}", map[string]any{"short_id": "ff"}, "", load.Decoy, "check public_key, short_id and sni"},
		{"reality", "{}", map[string]any{"public_key": anotherKey}, "", load.Decoy, "check public_key"},
		{"reality", "{}", map[string]any{"sni": "other.example"}, "", load.Decoy, "sni"},
		{"reality", "{}", nil, nowhere, load.NoDestination, nowhere},
		{"ech", "{}", map[string]any{"uuid": anotherUUID}, "", load.BadAuth, "check uuid"},
		{"ech", "{}", map[string]any{"ech_config": other.Config}, "", load.ECHRejected, "check that ech_config"},
		{"ech", "{}", map[string]any{"ca": nil}, "", "tls", "unknown authority"},
		{"ech", "{}", nil, nowhere, load.NoDestination, nowhere},
		{"ech", `{"inner":"trojan"}`, map[string]any{"password": "wrong"}, "", load.BadAuth, "check password"},
		{"ssh", "{}", map[string]any{"password": "wrong"}, "", load.BadAuth, "check user, password"},
		{"ssh", "{}", map[string]any{"host_key": anotherHostKey}, "", load.BadServerKey, "check host_key"},
		{"ssh", "{}", nil, nowhere, load.NoDestination, "connection refused"},
		{"ssh", `{"connections":"new"}`, nil, nowhere, load.NoDestination, "connection refused"},
	} {
		p, _ := protocol.Lookup(c.protocol)
		s := serve(t, p, protocol.ServeOptions{Options: soak.Options{JSON: []byte(c.variant)}})
		w := broken(t, p, s, c.variant, c.changes)
		if c.destination != "" {
			w.Destination = c.destination
		}
		err := try(w)
		if err == nil || load.Kind(err, true) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %v %s: %v, want %s", c.protocol, c.changes, c.destination, err, c.kind)
		}
		if err := try(broken(t, p, s, c.variant, nil)); err != nil {
			t.Errorf("%s: nothing is wrong: %v", c.protocol, err)
		}
	}
}

const anotherHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJfkNV4OS33ImTXvorZr72q4v5XhVEQKfvqsxOEJ/XaR"

func TestOpen_RefusesInvalidCredentials(t *testing.T) {
	for _, c := range []struct{ protocol, change, says string }{
		{"reality", `{"fingerprint":"golang"}`, "fingerprint: invalid value \"golang\": use chrome"},
		{"reality", `{"flow":"xtls-rprx-vision"}`, "flow: \"xtls-rprx-vision\" is not supported"},
		{"reality", `{"uuid":"me"}`, "uuid: invalid UUID"},
		{"reality", `{"short_id":"123"}`, "short_id: is not an even number"},
		{"reality", `{"public_key":"AAAA"}`, "public_key: invalid X25519 key"},
		{"reality", `{"public_key":"","private_key":""}`, "public_key: is missing"},
		{"reality", `{"uuid":""}`, "uuid: is missing"},
		{"reality", `{"uid":""}`, "unknown key"},
		{"ech", `{"inner":"socks"}`, "inner: invalid value \"socks\": use vless or trojan"},
		{"ech", `{"ech_config":"AAAA"}`, "ech_config: invalid list"},
		{"ech", `{"ech_config":""}`, "ech_config: is missing"},
		{"ech", `{"inner":"trojan","password":""}`, "password: is missing"},
		{"ech", `{"uuid":""}`, "uuid: is missing"},
		{"ssh", `{"ciphers":["3des"]}`, "ciphers: invalid value \"3des\": use aes128-gcm"},
		{"ssh", `{"password":""}`, "password: is missing"},
		{"ssh", `{"host_key":""}`, "host_key: is missing"},
		{"ssh", `{"host_key":"ssh-ed25519 nonsense"}`, "host_key: invalid public key"},
		{"ssh", `{"private_key":"/nowhere"}`, "private_key: open /nowhere"},
		{"ssh", `{"private_key":"-----BEGIN NONSENSE-----"}`, "private_key: invalid private key"},
		{"ssh", `{"connections":"some"}`, "connections: invalid value \"some\": use shared or new"},
	} {
		p, _ := protocol.Lookup(c.protocol)
		w := workload(t, p, serve(t, p, protocol.ServeOptions{}), soak.Options{})
		var err error
		if w.Options, err = options.Merge(soak.Options{JSON: []byte(c.change)}, w.Options); err != nil {
			t.Fatal(err)
		}
		if _, err := protocol.Open(w); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v, want %q", c.protocol, c.change, err, c.says)
		}
	}
}

func TestReality_Fingerprints(t *testing.T) {
	p, _ := protocol.Lookup("reality")
	s := serve(t, p, protocol.ServeOptions{})
	for _, browser := range []string{"chrome", "firefox", "safari", "ios", "edge", "qq"} {
		if err := try(broken(t, p, s, "{}", map[string]any{"fingerprint": browser})); err != nil {
			t.Errorf("%s: %v", browser, err)
		}
	}
}

// A session that is opened and not used for a while must not be cut off by a
// server that waits for the request.
func TestTunnel_RequestSentWithoutPayload(t *testing.T) {
	for _, name := range []string{"reality", "ech"} {
		p, _ := protocol.Lookup(name)
		greeted := make(chan struct{}, 1)
		behind, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := behind.Accept()
			if err == nil {
				greeted <- struct{}{}
				conn.Close()
			}
		}()
		w := workload(t, p, serve(t, p, protocol.ServeOptions{}), soak.Options{})
		w.Destination = behind.Addr().String()
		opener, err := protocol.Open(w)
		if err != nil {
			t.Fatal(err)
		}
		s, err := opener.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-greeted:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the destination was never reached", name)
		}
		s.Close()
		opener.Close()
		behind.Close()
	}
}
