package plan

import (
	"slices"
	"testing"

	"soakmon/soak"
)

func TestRedactArgs_HidesWhatRedactHides(t *testing.T) {
	p := soak.Plan{Secrets: []string{"sesame"}}
	got := RedactArgs(p, []string{
		"run", "plan.yaml", "--url", "http://me:pass@127.0.0.1/?token=x", "--rate", "200", "--dirty", "rst=1%",
		"--option", "password=open", "--option", "password=${WORD}", "--option", "version=h3", "--option", "path=/sesame",
		"--option", "headers={Authorization: Basic abc, X-Proto: h3}", "--option", "private_key=file:/etc/key",
		"--", "server", "--token", "abc", "--db-password=abc", "API_KEY=abc",
	})
	want := []string{
		"run", "plan.yaml", "--url", "http://REDACTED@127.0.0.1/?REDACTED", "--rate", "200", "--dirty", "rst=1%",
		"--option", "password=REDACTED", "--option", "password=${WORD}", "--option", "version=h3", "--option", "path=/REDACTED",
		"--option", `headers={"Authorization":"REDACTED","X-Proto":"h3"}`, "--option", "private_key=file:/etc/key",
		"--", "server", "--token", "REDACTED", "--db-password=REDACTED", "API_KEY=REDACTED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
