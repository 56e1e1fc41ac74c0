package address

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

var socks = Types{IPv4: 1, Domain: 3, IPv6: 4}

func TestTypes_SOCKS5(t *testing.T) {
	for host, want := range map[string]string{
		"192.0.2.1":      "01c0000201",
		"example.com":    "030b6578616d706c652e636f6d",
		"2001:db8::1":    "0420010db8000000000000000000000001",
		"::ffff:1.2.3.4": "0101020304",
	} {
		got := socks.Append(nil, host)
		if hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, want %s", host, got, want)
		}
		back, err := socks.Read(bytes.NewReader(got))
		if err != nil || back != strings.TrimPrefix(host, "::ffff:") {
			t.Errorf("%s came back as %q, %v", host, back, err)
		}
	}
}

func TestSplit_HostAndPort(t *testing.T) {
	if host, port, err := Split("[::1]:443"); host != "::1" || port != 443 || err != nil {
		t.Errorf("%q, %d, %v", host, port, err)
	}
	for _, bad := range []string{"", "a", "a:", ":1", "a:65536", "a:http", strings.Repeat("a", 256) + ":1"} {
		if _, _, err := Split(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, host := range []string{"192.0.2.1", "example.com", "2001:db8::1"} {
		f.Add(socks.Append(nil, host))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		host, err := socks.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := socks.Read(bytes.NewReader(socks.Append(nil, host)))
		if err != nil || again != host {
			t.Errorf("%q came back as %q, %v", host, again, err)
		}
	})
}
