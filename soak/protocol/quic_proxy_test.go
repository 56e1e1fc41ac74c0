package protocol_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
)

// overQUIC are the proxies over QUIC, with an option that changes a credential.
var overQUIC = map[string]string{
	"hysteria":  `{"auth_str":"wrong"}`,
	"hysteria2": `{"password":"wrong"}`,
	"tuic":      `{"password":"wrong"}`,
}

func TestQUICProxy_ErrorKinds(t *testing.T) {
	destination["tcp"]()
	for name, wrong := range overQUIC {
		p, _ := protocol.Lookup(name)
		p.Networks = []string{"tcp"}
		server := serve(t, p, protocol.ServeOptions{})
		good := workload(t, p, server, soak.Options{})
		for _, c := range []struct {
			change func(w *soak.Workload)
			kind   string
			says   string
		}{
			{func(w *soak.Workload) { w.Options, _ = options.Merge(soak.Options{JSON: []byte(wrong)}, w.Options) }, load.BadAuth, "check "},
			{func(w *soak.Workload) { w.Destination = "127.0.0.1:1" }, load.NoDestination, "refused the destination"},
			{func(w *soak.Workload) {
				w.Options, _ = options.Merge(soak.Options{JSON: []byte(`{"sni":"elsewhere"}`)}, w.Options)
			}, "tls", "elsewhere"},
		} {
			w := good
			c.change(&w)
			err := try(w)
			if err == nil || load.Kind(err, true) != c.kind || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "wrong\"") {
				t.Errorf("%s: %v, want kind %s and %q", name, err, c.kind, c.says)
			}
		}
		if err := try(good); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQUICProxy_Options(t *testing.T) {
	for want, c := range map[string][2]string{
		"options.obfs.type: \"rot13\" is not":     {"hysteria2", `{"obfs":{"type":"rot13","password":"x"}}`},
		"options.obfs.password: salamander needs": {"hysteria2", `{"obfs":{"type":"salamander"}}`},
		"options.up_mbps: must be above 0":        {"hysteria", `{"up_mbps":0}`},
		"options.down_mbps: must be above 0":      {"hysteria", `{"down_mbps":0}`},
		"options.uuid: invalid UUID \"me\"":       {"tuic", `{"uuid":"me"}`},
		"options.udp_relay_mode: invalid value":   {"tuic", `{"udp_relay_mode":"pigeon"}`},
		"options.connections: invalid value \"ma": {"tuic", `{"connections":"many"}`},
		"options.congestion: unknown key":         {"tuic", `{"congestion":"bbr"}`},
	} {
		_, err := protocol.Open(soak.Workload{Protocol: c[0], Address: "a:1", Destination: "b:1", Payload: 1, Options: at(c[1])})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %s: %v, want %q", c[0], c[1], err, want)
		}
	}
}

// A server that is killed where the kernel cannot report it (a container, another
// machine) says nothing. Its clients must not wait for the idle time-out.
func TestQUICProxy_RedialsSilentServer(t *testing.T) {
	t.Parallel() // it mostly waits
	destination["tcp"]()
	for name := range overQUIC {
		p, _ := protocol.Lookup(name)
		p.Networks = []string{"tcp"}
		server := serve(t, p, protocol.ServeOptions{})
		w := workload(t, p, server, soak.Options{})
		between := newCable(t, server.Addr())
		w.Address = between.addr()
		opener, err := p.Open(w)
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		s := openSession(t, opener)
		if _, _, err := s.Do(0, time.Now().Add(patience)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		between.cut()
		if _, _, err := s.Do(1, time.Now().Add(time.Second)); load.Kind(err, false) != "timeout" {
			t.Errorf("%s: %v, want a time-out", name, err)
		}
		s.Close()
		// An acknowledgement that was under way at the cut counts as a sign of
		// life of the first operation after it; of a second there is none.
		for i := range uint64(3) {
			s = openSession(t, opener)
			if _, _, err = s.Do(2+i, time.Now().Add(3*time.Second)); err == nil {
				break
			}
			s.Close()
		}
		if err != nil {
			t.Errorf("%s: after a new dial: %v", name, err)
		}
		s.Close()
	}
}

func openSession(t *testing.T, opener load.Opener) load.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := opener.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
