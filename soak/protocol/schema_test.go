package protocol_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"soakmon/soak"
	"soakmon/soak/protocol"
)

func TestTransport_DependsOnVersion(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "tcp", `{"version":"h2"}`: "tcp", `{"version":"h3"}`: "udp",
		`{"headers":{"X-Proto":"h3"}}`:                "tcp",
		`{"version":"h3","headers":{"X-Proto":"h1"}}`: "udp",
		`{"expect_body":"h3","path":"/h3"}`:           "tcp",
	} {
		if got := protocol.Transport(soak.Workload{Protocol: "http", Options: at(text)}); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for name, want := range map[string]string{"tcp": "tcp", "udp": "udp", "tuic": "udp", "reality": "tcp", "socks": "tcp", "morse": "tcp"} {
		if got := protocol.Transport(soak.Workload{Protocol: name, Network: "udp"}); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Every option is decoded by its schema: a value of another type is refused with
// the place in the plan, and so are a default and the allowed values accepted.
func TestSchema_ChecksEveryOption(t *testing.T) {
	for _, name := range protocol.Names() {
		p, _ := protocol.Lookup(name)
		for _, o := range p.Options {
			w := soak.Workload{Protocol: name, Payload: 100}
			if o.Name == "lost_after" {
				w.Network = "udp"
			}
			wrong := "true"
			if o.Type == "bool" {
				wrong = "7"
			}
			w.Options = at(fmt.Sprintf(`{%q:%s}`, o.Name, wrong))
			want := fmt.Sprintf("p.yaml:7: options.%s: invalid value: use ", o.Name)
			if err := protocol.Check(w, true); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s %s: %v, want %q", name, w.Options.JSON, err, want)
			}
			if len(o.Values) == 0 {
				continue
			}
			for _, value := range append(slices.Clone(o.Values), "otherwise") {
				text, _ := json.Marshal(map[string]any{o.Name: value})
				if o.Type == "list" {
					text, _ = json.Marshal(map[string]any{o.Name: []string{value}})
				}
				w.Options = at(string(text))
				err := protocol.Check(w, true)
				if value == "otherwise" != (err != nil) || err != nil && !strings.HasPrefix(err.Error(), fmt.Sprintf("p.yaml:7: options.%s: invalid value", o.Name)) {
					t.Errorf("%s %s: %v", name, text, err)
				}
			}
		}
	}
}

// What a reference server supplies need not be in the plan of a load on it.
func TestCheck_EmbeddedServerCredentials(t *testing.T) {
	for _, name := range []string{"ssh", "reality", "ech"} {
		w := soak.Workload{Protocol: name, Payload: 100}
		if err := protocol.Check(w, true); err != nil {
			t.Errorf("%s on an embedded server: %v", name, err)
		}
		if err := protocol.Check(w, false); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s on a foreign server without credentials: %v", name, err)
		}
		w.Address = "127.0.0.1:1"
		if err := protocol.Check(w, true); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s on a foreign server next to an embedded one: %v", name, err)
		}
	}
	if err := protocol.Check(soak.Workload{Protocol: "ech", Payload: 100, Options: at(`{"ech_key":"none"}`)}, true); err == nil || !strings.HasPrefix(err.Error(), "p.yaml:7: options.ech_key: ") {
		t.Errorf("an option of the server: %v", err)
	}
}

func TestCheck_OpensNoFile(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	for _, name := range protocol.Names() {
		if err := protocol.Check(soak.Workload{Protocol: name, Payload: 100}, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServerOptions_OmitClientOnly(t *testing.T) {
	for _, c := range []struct{ protocol, given, want string }{
		{"http", `{"version":"h2","path":"/x","headers":{"A":"b"},"ca":"x"}`, `{"version":"h2"}`},
		{"hysteria2", `{"password":"p","connections":"new","mode":"echo","lost_after":"1s","down_mbps":5}`, `{"password":"p"}`},
		{"udp", `{"mode":"echo","lost_after":"1s"}`, `{}`},
		{"tcp_relay", `{"destination":"a:1","mode":"bulk_up"}`, `{"destination":"a:1"}`},
		{"tcp", `{"modus":"x"}`, `{"modus":"x"}`},
		{"tcp", `[1]`, `[1]`},
		{"morse", `{"mode":"echo"}`, `{"mode":"echo"}`},
	} {
		got := protocol.ServerOptions(soak.Workload{Protocol: c.protocol, Options: at(c.given)})
		if string(got.JSON) != c.want || got.File != "p.yaml" {
			t.Errorf("%s %s: %s, want %s", c.protocol, c.given, got.JSON, c.want)
		}
	}
}

// A server with the options that it gives to clients is the same server.
func TestServer_ClientOptionsInSchema(t *testing.T) {
	for _, name := range protocol.Names() {
		p, _ := protocol.Lookup(name)
		told := serve(t, p, protocol.ServeOptions{}).Options()
		all := map[string]json.RawMessage{}
		if len(told.JSON) > 0 {
			if err := json.Unmarshal(told.JSON, &all); err != nil {
				t.Fatal(err)
			}
		}
		for key := range all {
			if !p.HasOption(key) {
				t.Errorf("%s gives clients the option %s, which its schema does not have", name, key)
			}
		}
	}
}
