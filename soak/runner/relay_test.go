package runner

import (
	"testing"

	"soakmon/soak"
)

func TestLinkOf_HeaderValueDoesNotChooseTheTransport(t *testing.T) {
	for text, want := range map[string]string{
		`{"headers":{"X-Proto":"h3"}}`: "tcp/127.0.0.1:80",
		`{"version":"h3"}`:             "udp/127.0.0.1:80",
	} {
		link, err := linkOf(soak.Workload{Protocol: "http", Address: "127.0.0.1:80", Options: soak.Options{JSON: []byte(text)}})
		if err != nil || link != want {
			t.Errorf("%s: %s, %v, want %s", text, link, err, want)
		}
	}
}
