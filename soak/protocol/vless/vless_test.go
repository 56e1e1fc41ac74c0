package vless

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"testing"
)

const id = "b831381d-6324-4d53-ad4f-8cda48b30811"

func request(t testing.TB, command byte, destination string) (Request, []byte) {
	t.Helper()
	user, err := ParseUUID(id)
	if err != nil {
		t.Fatal(err)
	}
	q := Request{user, command, destination}
	b, err := q.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return q, b
}

func anyone(UUID) bool { return true }

func TestRequest_MatchesSpecification(t *testing.T) {
	for destination, want := range map[string]string{
		"192.0.2.1:443":     "01bb01c0000201",
		"example.com:80":    "0050020b6578616d706c652e636f6d",
		"[2001:db8::1]:443": "01bb0320010db8000000000000000000000001",
	} {
		q, b := request(t, TCP, destination)
		if want := "00" + "b831381d63244d53ad4f8cda48b30811" + "0001" + want; hex.EncodeToString(b) != want {
			t.Errorf("%s: %x, want %s", destination, b, want)
		}
		payload := append(b, "payload"...)
		r := bytes.NewReader(payload)
		got, err := ReadRequest(r, anyone)
		if rest, _ := io.ReadAll(r); err != nil || got != q || string(rest) != "payload" {
			t.Errorf("%s came back as %+v, %v, and %q", destination, got, err, rest)
		}
	}
}

func TestReadRequest_RejectsUsersAndFlows(t *testing.T) {
	_, b := request(t, TCP, "a:1")
	if _, err := ReadRequest(bytes.NewReader(b), func(UUID) bool { return false }); !errors.Is(err, ErrUser) {
		t.Errorf("unknown user: %v", err)
	}
	for at, value := range map[int]byte{0: 1, 17: 1, 18: 3} { // version, addons, command
		bad := bytes.Clone(b)
		bad[at] = value
		if _, err := ReadRequest(bytes.NewReader(bad), anyone); err == nil {
			t.Errorf("byte %d of %d was taken", at, value)
		}
	}
}

func TestReadReply_Addons(t *testing.T) {
	r := bytes.NewReader([]byte{0, 3, 1, 2, 3, 'x'})
	if err := ReadReply(r); err != nil || r.Len() != 1 {
		t.Errorf("%v, %d bytes left", err, r.Len())
	}
	if err := ReadReply(bytes.NewReader([]byte{1, 0})); err == nil {
		t.Error("version 1 was taken")
	}
}

func TestParseUUID_Strict(t *testing.T) {
	if u, err := ParseUUID(id); err != nil || u.String() != id {
		t.Errorf("%v, %v", u, err)
	}
	for _, bad := range []string{"", "b831381d", id + "0", "z831381d-6324-4d53-ad4f-8cda48b30811"} {
		if _, err := ParseUUID(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestPacket_Length(t *testing.T) {
	b, err := AppendPacket(nil, 0x1234)
	if err != nil || hex.EncodeToString(b) != "1234" {
		t.Errorf("%x, %v", b, err)
	}
	if start, end := ParsePacket(b); start != 2 || end != 2+0x1234 {
		t.Errorf("%d to %d", start, end)
	}
	if start, end := ParsePacket(b[:1]); start != 0 || end != 2 {
		t.Errorf("of too few bytes: %d to %d", start, end)
	}
	if _, err := AppendPacket(nil, 1<<16); err == nil {
		t.Error("64 KiB were taken")
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, destination := range []string{"192.0.2.1:443", "example.com:80", "[2001:db8::1]:1"} {
		_, b := request(f, UDP, destination)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := ReadRequest(bytes.NewReader(data), anyone)
		if err != nil {
			return
		}
		b, err := q.Append(nil)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", q, err)
		}
		if again, err := ReadRequest(bytes.NewReader(b), anyone); err != nil || again != q {
			t.Errorf("%+v came back as %+v, %v", q, again, err)
		}
	})
}
