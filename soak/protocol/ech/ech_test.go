package ech

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
)

func made(t testing.TB) []tls.EncryptedClientHelloKey {
	t.Helper()
	var keys []tls.EncryptedClientHelloKey
	for _, name := range []string{"public.example", "another.example"} {
		private, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k, err := New(name, private)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

func TestParseConfigs_PEMAndBase64(t *testing.T) {
	keys := made(t)
	text, err := FormatConfigs(keys)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ParseConfigs(text)
	if err != nil || !bytes.Contains(list, keys[0].Config) || !bytes.HasSuffix(list, keys[1].Config) {
		t.Errorf("%x, %v", list, err)
	}
	bare := base64.StdEncoding.EncodeToString(list)
	if again, err := ParseConfigs(bare[:8] + "\n " + bare[8:]); err != nil || !bytes.Equal(again, list) {
		t.Errorf("base64: %x, %v", again, err)
	}
}

func TestKeysComeBack(t *testing.T) {
	keys := made(t)
	text, err := FormatKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseKeys(text)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d keys, %v", len(got), err)
	}
	for i := range got {
		if !bytes.Equal(got[i].PrivateKey, keys[i].PrivateKey) || !bytes.Equal(got[i].Config, keys[i].Config) {
			t.Errorf("key %d is another", i)
		}
	}
}

func TestParse_RejectsMalformed(t *testing.T) {
	keys, _ := FormatKeys(made(t)[:1])
	configs, _ := FormatConfigs(made(t)[:1])
	cut := string(pem.EncodeToMemory(&pem.Block{Type: configsPEM, Bytes: []byte{0, 3, 0xfe, 0x0d, 0}}))
	for _, bad := range []string{"", "no base64!", "AAA=", keys, cut} {
		if _, err := ParseConfigs(bad); err == nil {
			t.Errorf("configurations %q were taken", bad)
		}
	}
	for _, bad := range []string{"", "AAE=", configs, strings.Replace(keys, "ECH KEYS", "KEY", 2)} {
		if _, err := ParseKeys(bad); err == nil {
			t.Errorf("keys %q were taken", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	keys := made(f)
	for _, format := range []func([]tls.EncryptedClientHelloKey) (string, error){FormatConfigs, FormatKeys} {
		text, _ := format(keys)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = ParseConfigs(text)
		if keys, err := ParseKeys(text); err == nil {
			if _, err := FormatKeys(keys); err != nil {
				t.Errorf("keys that were read cannot be written: %v", err)
			}
		}
	})
}
