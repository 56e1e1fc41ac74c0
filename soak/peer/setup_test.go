package peer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/peer"
	"soakmon/soak/plan"
)

// write makes a setup in a folder of its own, and loads its plan.
func write(t testing.TB, name string) (folder string, files peer.Files, p soak.Plan) {
	t.Helper()
	setup, err := peer.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(t.TempDir(), name)
	if files, err = setup.Write(folder); err != nil {
		t.Fatal(err)
	}
	if p, err = plan.Load(folder); err != nil {
		t.Fatalf("%v\n%s", err, files[plan.InFolder])
	}
	return folder, files, p
}

func TestSetups_PlansLoad(t *testing.T) {
	for _, s := range peer.Setups() {
		folder, files, p := write(t, s.Name)
		if p.Name != s.Name || p.Target.Dir != folder || len(p.Load) == 0 {
			t.Errorf("%s: name %q, folder %q, %d loads", s.Name, p.Name, p.Target.Dir, len(p.Load))
		}
		if ready := p.Target.Ready; ready.URL == "" && ready.Listen == "" {
			t.Errorf("%s: nothing says when it is ready", s.Name)
		}
		for name := range files {
			info, err := os.Stat(filepath.Join(folder, name))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s: %v %v", s.Name, name, info.Mode(), err)
			}
		}
		for _, secret := range []string{"password", "obfs_password", "uuid", "client_key"} {
			if content, ok := files[secret]; ok && (len(content) < 16 || bytes.Contains(files[plan.InFolder], content)) {
				t.Errorf("%s: %s is %d bytes, or appears in the plan", s.Name, secret, len(content))
			}
		}
	}
}

func TestSetup_FreshKeysNoOverwrite(t *testing.T) {
	folder, first, _ := write(t, "sing-box-all")
	_, second, _ := write(t, "sing-box-all")
	for name := range first {
		if bytes.Equal(first[name], second[name]) {
			t.Errorf("%s is the same in two setups", name)
		}
	}
	setup, _ := peer.Lookup("sing-box-all")
	if _, err := setup.Write(folder); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second setup in one folder: %v", err)
	}
	if _, err := peer.Lookup("sing-box-hysterio"); err == nil || !strings.Contains(err.Error(), "sing-box-hysteria2") {
		t.Errorf("unknown server: %v", err)
	}
}

func TestFind_PathAndPeers(t *testing.T) {
	root := t.TempDir()
	bin := filepath.Join(root, ".peers", "bin")
	below := filepath.Join(root, "a", "b")
	for _, dir := range []string{bin, below} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "some-server"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	if path, ok := peer.Find("some-server"); !ok || path != filepath.Join(bin, "some-server") {
		t.Errorf("found %q, %v", path, ok)
	}
	t.Setenv("PATH", bin)
	if path, ok := peer.Find("some-server"); !ok || path != "some-server" {
		t.Errorf("found %q, %v in PATH", path, ok)
	}
	if path, ok := peer.Find("no-such-server"); ok || path != "no-such-server" {
		t.Errorf("found %q, %v", path, ok)
	}
	if names := len(peer.Setups()); names < 10 || !slices.IsSortedFunc(peer.Setups(), func(a, b peer.Setup) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d setups, or out of order", names)
	}
}

func TestClient_EveryLoad(t *testing.T) {
	_, _, p := write(t, "sing-box-all")
	var reality []soak.Workload
	for _, w := range p.Load {
		if w.Protocol == "reality" {
			reality = append(reality, w)
		}
	}
	for name, make := range map[string]func(string, []soak.Workload) (peer.Client, error){"sing-box": peer.SingBoxClient, "xray": peer.XrayClient} {
		c, err := make(t.TempDir(), reality)
		if err != nil || len(c.SOCKS) != len(reality) || c.Program.Name != name || c.Target.Ready.URL == "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		if _, err := make(t.TempDir(), []soak.Workload{{Name: "x", Protocol: "http", Address: "127.0.0.1:1"}}); err == nil || !strings.Contains(err.Error(), "cannot be a client of http") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
