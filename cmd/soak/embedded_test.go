package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestServe_ManyProtocols(t *testing.T) {
	t.Parallel()
	r, code := soakJSON(t, "run", "--dir", t.TempDir(), "--duration", "10s", "--protocol", "tcp,hysteria2,ssh", "--rate", "30", "--option", "password=sesame")
	if code == 2 || len(r.Load) != 3 || r.Name != "tcp-hysteria2-ssh" {
		t.Fatalf("exit code %d, %+v", code, r.Load)
	}
	for i, name := range []string{"tcp", "hysteria2", "ssh"} {
		if l := r.Load[i]; l.Name != name || l.Operations < 200 || l.Failed > 0 || l.Sessions == 0 || !(l.Latency.P50 > 0) {
			t.Errorf("%+v", l)
		}
	}
	if r.Plan.Load[1].Address == r.Plan.Load[2].Address || r.Target.PID == 0 {
		t.Errorf("%+v", r.Plan.Load)
	}
}

func TestServe_SharesOptionsOfLoads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	plan := `
duration: 10s
target: {embedded: http}
load:
- {name: h1, protocol: http, rate: 10, requests_per_session: 10}
- {name: h3, protocol: http, rate: 10, requests_per_session: 10, options: {version: h3}}
- {name: plain, protocol: hysteria2, rate: 10, requests_per_session: 10, network: udp}
- {name: hidden, protocol: hysteria2, rate: 10, requests_per_session: 10, options: {password: sesame, obfs: {type: salamander, password: open}}}
`
	if err := os.WriteFile(path, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := soakJSON(t, "run", path, "--dir", t.TempDir())
	for _, l := range r.Load {
		if l.Operations < 50 || l.Failed > 0 {
			t.Errorf("%+v", l)
		}
	}
	if len(r.Load) != 4 || r.Load[2].Datagrams == nil {
		t.Errorf("%+v", r.Load)
	}
}
