package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// secrets are the planted ones of a test, by where they were planted.
type secrets map[string]string

// add plants a fresh one.
func (s secrets) add(where string) string {
	s[where] = "s3cret" + rand.Text()
	return s[where]
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	return []string{secret, strings.ReplaceAll(secret, "-", ""), base64.StdEncoding.EncodeToString([]byte(secret))}
}

// in fails where one of the secrets is in a text.
func (s secrets) in(t *testing.T, place string, text []byte) {
	t.Helper()
	for where, secret := range s {
		for _, form := range forms(secret) {
			if i := bytes.Index(text, []byte(form)); i >= 0 {
				t.Errorf("%s of the plan is in %s: …%q…", where, place, text[max(0, i-60):i])
				break
			}
		}
	}
}

func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0xf|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// privateKeys are one of SSH, as PEM, and one of X25519, as REALITY writes it.
func privateKeys(t *testing.T) (sshKey, x25519, public string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), base64.RawURLEncoding.EncodeToString(pair.Bytes()), base64.RawURLEncoding.EncodeToString(pair.PublicKey().Bytes())
}

// inEnvironment is the secret that the plan takes from the environment.
const inEnvironment = "a variable of the environment"

// protocolSecrets is a plan on the reference servers with a secret in every
// option that may be one.
func protocolSecrets(t *testing.T, s secrets) string {
	sshKey, x25519, public := privateKeys(t)
	s["private_key of ssh"], s["private_key of reality"], s["uuid of reality"], s["uuid of tuic"] = strings.Split(sshKey, "\n")[2], x25519, uuid(), uuid()
	keyFile := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(keyFile, []byte(sshKey), 0o600); err != nil {
		t.Fatal(err)
	}
	s.add(inEnvironment)
	return fmt.Sprintf(`
duration: 10s
warmup: 1s
rest: {settle: 1s}
profiles: {every: 1s}
target: {embedded: http}
load:
- {name: http, protocol: http, rate: 20, options: {headers: {Authorization: "Bearer %s", X-Api-Key: "${SOAK_TEST_TOKEN}", Cookie: "session=%s"}}}
- {name: hysteria2, protocol: hysteria2, rate: 20, options: {password: %s, obfs: {type: salamander, password: %s}}}
- {name: hysteria, protocol: hysteria, rate: 20, options: {auth_str: %s}}
- {name: tuic, protocol: tuic, rate: 20, options: {uuid: %s, password: %s}}
- {name: socks, protocol: socks, rate: 20, options: {user: me, password: %s}}
- {name: ssh, protocol: ssh, rate: 20, options: {user: me, password: %s}}
- {name: ssh-key, protocol: ssh, rate: 20, options: {user: me, private_key: "file:%s"}}
- {name: reality, protocol: reality, rate: 20, options: {uuid: %s, private_key: %s, public_key: %s}}
sinks:
- {type: webhook, url: "http://me:%s@127.0.0.1:1/%s?token=%s", headers: {Authorization: "Basic %s"}}
`, s.add("a bearer token"), s.add("a cookie"), s.add("password of hysteria2"), s.add("password of its obfs"), s.add("auth_str of hysteria"), s["uuid of tuic"], s.add("password of tuic"),
		s.add("password of socks"), s.add("password of ssh"), keyFile, s["uuid of reality"], s["private_key of reality"], public, s.add("user info of a sink"), "hook", s.add("query of a sink"), s.add("a header of a sink"))
}

// commandSecrets is a plan on a command with secrets around it.
func commandSecrets(t *testing.T, s secrets) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	address := ln.Addr().String()
	return fmt.Sprintf(`
duration: 10s
warmup: 1s
rest: {settle: 1s}
profiles: {every: 1s}
target:
  command: [sh, -c, '"$0" serve http --address %s; true', %s, --token, %s, "--db-password=%s", "API_KEY=%s", "postgres://me:%s@127.0.0.1/db"]
  env: {DB_PASSWORD: %s, DATABASE_URL: "postgres://me:%s@127.0.0.1/db"}
  ready: {listen: "%s"}
  pprof: "http://me:%s@%s/debug/pprof/?auth=%s"
load:
- {protocol: http, url: "http://%s/?access_token=%s", rate: 20, options: {headers: {Authorization: "Basic %s"}}}
- {name: broken, protocol: http, url: "http://%s/other?access_token=%s", rate: 20, options: {status: 418}}
`, address, binary, s.add("a flag's value"), s.add("a flag with a value"), s.add("a variable of the command"), s.add("user info of the command"),
		s.add("a variable of the target"), s.add("user info in a variable"), address, s.add("user info of pprof"), address, s.add("query of pprof"),
		address, s.add("query of a load"), s.add("a header of a load"), address, s.add("query of a load that fails"))
}

// unzipped is b, or what it holds where it is zipped.
func unzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return b
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRun_HidesSecrets(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*testing.T, secrets) string{"protocols": protocolSecrets, "command": commandSecrets} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := secrets{}, t.TempDir()
			file := filepath.Join(t.TempDir(), "plan.yaml")
			if err := os.WriteFile(file, []byte(write(t, s)), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(binary, "run", file, "--dir", dir)
			cmd.Env = append(os.Environ(), "SOAK_TEST_TOKEN="+s[inEnvironment])
			said, err := cmd.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() == 2) {
				t.Fatalf("%v\n%s", err, said)
			}
			s.in(t, "what the run says", said)
			stored, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil || len(stored) == 0 {
				t.Fatalf("nothing was recorded: %v\n%s", err, said)
			}
			for _, f := range stored {
				if b, err := os.ReadFile(f); err == nil {
					s.in(t, "the folder of runs", b)
				}
			}
			for _, format := range []string{"text", "json", "junit", "markdown", "html"} {
				b, _ := exec.Command(binary, "report", "last", "--dir", dir, "--format", format).CombinedOutput() // its exit code is the run's
				if len(b) < 500 {
					t.Errorf("hardly a report: %s", b)
				}
				s.in(t, "the report as "+format, b)
			}
			pack := filepath.Join(t.TempDir(), "pack.tar.gz")
			printed(t, "evidence", "last", "--dir", dir, "-o", pack)
			members := unpack(t, pack)
			for name, content := range members {
				s.in(t, name, unzipped(t, content))
			}
			if len(members) < 10 {
				t.Errorf("only %d members in the pack", len(members))
			}
		})
	}
}
