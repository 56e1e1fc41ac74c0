package plan

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"soakmon/soak"
)

const secretPlan = `
name: plan-${SOAK_TEST_HOST}
target:
  command: server --token ${SOAK_TEST_TOKEN} --mode=fast --api-key=abc --plain $${SOAK_TEST_TOKEN}
  env: {DB_PASSWORD: "file:db.txt", HOME: /root, SHORT: "${SOAK_TEST_SHORT}"}
  pprof: http://user:hunter2@127.0.0.1:6060/debug/pprof/?auth=xyz
load:
- protocol: tcp
  address: 127.0.0.1:${SOAK_TEST_PORT}
  rate: ${SOAK_TEST_RATE}
  options: {password: literal-pw, uuid: [11112222, "aaaa-bbbb"], auth: {user: me, realm: "r&d"}, greeting: "hello ${SOAK_TEST_TOKEN}!", key: 42, size: 42}
sinks:
- {type: webhook, url: "https://hooks/x?sig=abc", headers: {Authorization: "Bearer ${SOAK_TEST_TOKEN}", X-Mode: fast}}
`

func readSecretPlan(t *testing.T) soak.Plan {
	t.Helper()
	for name, value := range map[string]string{"HOST": "alpha", "TOKEN": `to"ken&1`, "PORT": "8080", "RATE": "200", "SHORT": "abc"} {
		t.Setenv("SOAK_TEST_"+name, value)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "db.txt"), []byte("db-pw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Parse(filepath.Join(dir, "plan.yaml"), []byte(secretPlan))
	if err != nil {
		t.Fatal(err)
	}
	return mustComplete(t, p)
}

func TestParse_VariablesAndFiles(t *testing.T) {
	p := readSecretPlan(t)
	if p.Name != "plan-alpha" || p.Load[0].Rate != 200 || p.Load[0].Address != "127.0.0.1:8080" {
		t.Errorf("%q %g %q", p.Name, p.Load[0].Rate, p.Load[0].Address)
	}
	want := []string{"server", "--token", `to"ken&1`, "--mode=fast", "--api-key=abc", "--plain", "${SOAK_TEST_TOKEN}"}
	if !reflect.DeepEqual(p.Target.Command, want) {
		t.Errorf("command %q", p.Target.Command)
	}
	if p.Target.Env["DB_PASSWORD"] != "db-pw" {
		t.Errorf("env %q", p.Target.Env)
	}
	secrets := []string{"Bearer to\"ken&1", "aaaa-bbbb", "db-pw", "literal-pw", `to"ken&1`}
	if !reflect.DeepEqual(p.Secrets, secrets) {
		t.Errorf("secrets %q", p.Secrets)
	}
}

func TestRedact_RemovesSecrets(t *testing.T) {
	p := readSecretPlan(t)
	before, _ := json.Marshal(p)
	clean := Redact(p)
	after, _ := json.Marshal(p)
	if string(before) != string(after) {
		t.Error("the plan itself was changed")
	}
	data, err := json.Marshal(clean)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, secret := range []string{`to\"ken`, "db-pw", "hunter2", "xyz", "literal-pw", "11112222", "aaaa", "sig=", "=abc", `"me"`, "r\\u0026d", `"key":42`} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
	for _, plain := range []string{"plan-alpha", "127.0.0.1:8080", "--mode=fast", `"X-Mode":"fast"`, `"size":42`, "/root", "hello REDACTED!", "http://REDACTED@127.0.0.1:6060/debug/pprof/?REDACTED", `"rate":200`} {
		if !strings.Contains(text, plain) {
			t.Errorf("%q is not in %s", plain, text)
		}
	}
	if clean.Duration != p.Duration || clean.Rest != p.Rest || len(clean.Load) != 1 {
		t.Errorf("%+v", clean)
	}
}

func TestRedact_PlanWithoutSecrets(t *testing.T) {
	p, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(p)
	got, _ := json.Marshal(Redact(p))
	if string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParse_ErrorsQuoteNoSecret(t *testing.T) {
	t.Setenv("SOAK_TEST_TOKEN", "hunter2")
	_, err := Parse("x.yaml", []byte(`
duration: ${SOAK_TEST_TOKEN}
overlap: ${SOAK_TEST_TOKEN}
target: {listen: "user:hunter2@host:80", pprof: "http://u:hunter2/@x:y", env: {A: b}}
load:
- {protocol: tcp, rate: "${SOAK_TEST_TOKEN}", address: "http://u:hunter2@host", url: "https://u:hunter2"}`))
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), "\n") != 4 {
		t.Error(err)
	}
}

func TestRedact_BrokenOptions(t *testing.T) {
	p := Default()
	p.Load[0].Options.JSON = json.RawMessage(`{"password": "x`)
	if got := Redact(p); got.Name != "tcp" || got.Load != nil {
		t.Errorf("%+v", got)
	}
}

func TestScrub_EscapedSecrets(t *testing.T) {
	scrub := Scrub(soak.Plan{Secrets: []string{`to"ken&1`, `to"k`, ""}})
	for text, want := range map[string]string{
		`bad to"ken&1 here`:        "bad REDACTED here",
		`bad "to\"ken&1"`:          `bad "REDACTED"`,
		`?a=to%22ken%261&b`:        `?a=REDACTED&b`,
		`prefix to"k only`:         "prefix REDACTED only",
		"nothing to see, no token": "nothing to see, no token",
	} {
		if got := scrub(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got := Scrub(soak.Plan{})("text"); got != "text" {
		t.Error(got)
	}
}

func TestLoad_Folder(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"plan.yaml": "target: {command: [a-server], dir: sub, ready: {listen: \":80\"}}\n" +
			"load: [{protocol: http, rate: 1, options: {ca: \"file:ca.pem\", path: \"file:ca.pem\"}}]\n",
		"ca.pem": "a certificate\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.Target.Dir != filepath.Join(dir, "sub") || p.File != filepath.Join(dir, "plan.yaml") {
		t.Errorf("folder %q, file %q", p.Target.Dir, p.File)
	}
	if got := string(p.Load[0].Options.JSON); got != `{"ca":"a certificate","path":"file:ca.pem"}` || len(p.Secrets) > 0 {
		t.Errorf("options %s, secrets %q", got, p.Secrets)
	}
}
