package protocol_test

import (
	"testing"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/peer"
	"soakmon/soak/protocol"
)

// spoken are the protocols and the options of the reference servers that real
// clients are tried with; xray marks what Xray speaks as well.
var spoken = []struct {
	protocol, options string
	xray              bool
}{
	{"hysteria", `{}`, false},
	{"hysteria", `{"obfs":"crypt"}`, false},
	{"hysteria2", `{}`, true},
	{"hysteria2", `{"obfs":{"type":"salamander","password":"crypt"}}`, true},
	{"tuic", `{}`, false},
	{"reality", `{}`, true},
	{"ech", `{"inner":"vless"}`, false},
	{"ech", `{"inner":"trojan"}`, false},
	{"ssh", `{}`, false},
}

// unfragmented is a payload that fits into one QUIC datagram: Xray 26.3.27 puts
// the parts of a larger one of Hysteria 2 together wrong, the last over the first.
const unfragmented = 1000

// TestRealClients_UseOurServers drives our reference servers through sing-box and
// Xray: we speak SOCKS5 to them, and they the protocol to our server.
func TestRealClients_UseOurServers(t *testing.T) {
	for name, write := range map[string]func(string, []soak.Workload) (peer.Client, error){"sing-box": peer.SingBoxClient, "xray": peer.XrayClient} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needed(t, name)
			var loads []soak.Workload
			for _, s := range spoken {
				if s.xray || name == "sing-box" {
					loads = append(loads, reference(t, s.protocol, s.options))
				}
			}
			client, err := write(t.TempDir(), loads)
			if err != nil {
				t.Fatal(err)
			}
			supervised(t, client.Target)
			for i, w := range loads {
				p, _ := protocol.Lookup(w.Protocol)
				for _, network := range p.Networks {
					through := soak.Workload{Protocol: "socks", Network: network, Address: client.SOCKS[i], Payload: unfragmented}
					t.Run(w.Name+"/"+network, func(t *testing.T) {
						through, _ := aimed(t, through)
						throughClient(t, through)
					})
				}
			}
		})
	}
}

// reference starts a reference server and gives the load on it.
func reference(t *testing.T, name, serving string) soak.Workload {
	t.Helper()
	p, ok := protocol.Lookup(name)
	if !ok {
		t.Fatalf("there is no protocol %s", name)
	}
	o := soak.Options{JSON: []byte(serving)}
	s := serve(t, p, protocol.ServeOptions{Options: o})
	merged, err := options.Merge(o, s.Options())
	if err != nil {
		t.Fatal(err)
	}
	return soak.Workload{Name: name + serving, Protocol: name, Address: s.Addr(), Options: merged}
}

func throughClient(t *testing.T, w soak.Workload) {
	t.Run("echo", func(t *testing.T) { inSessions(t, w, campaign.sessions, campaign.roundTrips/campaign.sessions) })
	t.Run("concurrent", func(t *testing.T) { concurrently(t, w) })
	if w.Network == "tcp" {
		t.Run(load.BulkBoth, func(t *testing.T) {
			w := with(t, w, `{"mode":"bulk_both"}`)
			w.Payload = campaign.bulk
			inSessions(t, w, 1, 2)
		})
	}
}
