package reality

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"
)

// greeting is as much of a ClientHello as matters here.
func greeting() []byte {
	hello := make([]byte, 200)
	_, _ = rand.Read(hello)
	hello[sessionAt-1] = 32
	return hello
}

func newPrivate(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpen_OwnClient(t *testing.T) {
	client, server := newPrivate(t), newPrivate(t)
	hello := greeting()
	before := bytes.Clone(hello)
	id := ShortID{1, 2, 3}
	now := time.Unix(1_700_000_000, 0)
	key, err := Seal(hello, client, server.PublicKey(), id, now)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(hello[:sessionAt], before[:sessionAt]) || !bytes.Equal(hello[fixedSize:], before[fixedSize:]) {
		t.Error("more than the session id was changed")
	}
	sealed := bytes.Clone(hello)
	got, gotID, at, ok := Open(hello, client.PublicKey(), server)
	if !ok || got != key || gotID != id || !at.Equal(now) || !bytes.Equal(hello, sealed) {
		t.Errorf("opened: %v, short id %v, at %v", ok, gotID, at)
	}
}

func TestOpen_RejectsStrangers(t *testing.T) {
	client, server := newPrivate(t), newPrivate(t)
	hello := greeting()
	if _, err := Seal(hello, client, server.PublicKey(), ShortID{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, _, ok := Open(hello, client.PublicKey(), newPrivate(t)); ok {
		t.Error("another server opened it")
	}
	if _, _, _, ok := Open(hello, newPrivate(t).PublicKey(), server); ok {
		t.Error("it was opened for another client")
	}
	for at := range hello {
		if at == sessionAt-1 {
			continue
		}
		changed := bytes.Clone(hello)
		changed[at]++
		if _, _, _, ok := Open(changed, client.PublicKey(), server); ok {
			t.Errorf("it was opened with byte %d changed", at)
		}
	}
	if _, _, _, ok := Open(greeting(), client.PublicKey(), server); ok {
		t.Error("a session id of chance was opened")
	}
	short := greeting()
	short[sessionAt-1] = 0
	if _, err := Seal(short, client, server.PublicKey(), ShortID{}, time.Now()); err == nil {
		t.Error("a hello without a session id was sealed")
	}
}

func TestKey_Signed(t *testing.T) {
	public, _, _ := ed25519.GenerateKey(rand.Reader)
	other, _, _ := ed25519.GenerateKey(rand.Reader)
	der := append([]byte("certificate"), make([]byte, ed25519.SignatureSize)...)
	key := Key{1}
	signed := key.Sign(der, public)
	signature := signed[len(signed)-ed25519.SignatureSize:]
	if !key.Signed(public, signature) || !bytes.HasPrefix(signed, []byte("certificate")) {
		t.Error("the server's own certificate is not signed")
	}
	if key.Signed(other, signature) || (Key{2}).Signed(public, signature) || key.Signed("a key of another kind", signature) || key.Signed(public, nil) {
		t.Error("a certificate that is not the server's is signed")
	}
}

func TestParse_KeysAndShortIDs(t *testing.T) {
	private := newPrivate(t)
	if k, err := ParsePrivateKey(FormatKey(private)); err != nil || !k.Equal(private) {
		t.Errorf("%v", err)
	}
	if k, err := ParsePublicKey(FormatKey(private.PublicKey()) + "="); err != nil || !k.Equal(private.PublicKey()) {
		t.Errorf("%v", err)
	}
	if _, err := ParsePublicKey("AAAA"); err == nil {
		t.Error("a key of 3 bytes was taken")
	}
	if id, err := ParseShortID("0123"); err != nil || id != (ShortID{0x01, 0x23}) || id.String() != "0123000000000000" {
		t.Errorf("%v, %v", id, err)
	}
	for _, bad := range []string{"1", "xy", "012345678901234567"} {
		if _, err := ParseShortID(bad); err == nil {
			t.Errorf("short id %q was taken", bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	client, server := newPrivate(f), newPrivate(f)
	hello := greeting()
	if _, err := Seal(hello, client, server.PublicKey(), ShortID{}, time.Now()); err != nil {
		f.Fatal(err)
	}
	f.Add(hello)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, _, ok := Open(data, client.PublicKey(), server); ok && !bytes.Equal(data, hello) {
			t.Error("a hello that was not sealed was opened")
		}
	})
}
