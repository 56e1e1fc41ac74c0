package trojan

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// SHA-224 of "abc" (FIPS 180-4, example of NIST).
const abc = "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"

func anyone(Key) bool { return true }

func TestRequest_MatchesSpecification(t *testing.T) {
	for destination, want := range map[string]string{
		"192.0.2.1:443":     abc + "\r\n\x01\x01\xc0\x00\x02\x01\x01\xbb\r\n",
		"example.com:80":    abc + "\r\n\x01\x03\x0bexample.com\x00\x50\r\n",
		"[2001:db8::1]:443": abc + "\r\n\x01\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x01\xbb\r\n",
	} {
		q := Request{NewKey("abc"), TCP, destination}
		b, err := q.Append(nil)
		if err != nil || string(b) != want {
			t.Errorf("%s: %q, %v, want %q", destination, b, err, want)
		}
		r := strings.NewReader(want + "payload")
		got, err := ReadRequest(r, anyone)
		if rest, _ := io.ReadAll(r); err != nil || got != q || string(rest) != "payload" {
			t.Errorf("%s came back as %+v, %v, and %q", destination, got, err, rest)
		}
	}
}

func TestReadRequest_RejectsUnknownAndMalformed(t *testing.T) {
	b, _ := Request{NewKey("abc"), TCP, "a:1"}.Append(nil)
	if _, err := ReadRequest(bytes.NewReader(b), func(Key) bool { return false }); !errors.Is(err, ErrPassword) {
		t.Errorf("unknown password: %v", err)
	}
	for _, at := range []int{56, 57, 58, len(b) - 1} {
		bad := bytes.Clone(b)
		bad[at]++
		if _, err := ReadRequest(bytes.NewReader(bad), anyone); err == nil {
			t.Errorf("a changed byte %d was taken", at)
		}
	}
}

func TestPacket_AddressAndLength(t *testing.T) {
	const want = "\x01\xc0\x00\x02\x01\x00\x35\x00\x03\r\n"
	b, err := AppendPacket(nil, "192.0.2.1:53", 3)
	if err != nil || string(b) != want {
		t.Errorf("%q, %v", b, err)
	}
	for n := range b {
		if _, start, end, err := ParsePacket(b[:n]); err != nil || start != 0 || end <= n || end > len(b) {
			t.Errorf("%d bytes: %d to %d, %v", n, start, end, err)
		}
	}
	if address, start, end, err := ParsePacket(b); err != nil || address != "192.0.2.1:53" || start != len(b) || end != len(b)+3 {
		t.Errorf("%s, %d to %d, %v", address, start, end, err)
	}
	if _, err := AppendPacket(nil, "a:1", 1<<16); err == nil {
		t.Error("64 KiB were taken")
	}
}

func FuzzReadRequest(f *testing.F) {
	b, _ := Request{NewKey("abc"), UDP, "[2001:db8::1]:1"}.Append(nil)
	f.Add(b)
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

func FuzzParsePacket(f *testing.F) {
	b, _ := AppendPacket(nil, "example.com:53", 3)
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, start, end, err := ParsePacket(data)
		if err == nil && start == 0 && end <= len(data) {
			t.Errorf("of %d bytes it needs %d", len(data), end)
		}
		if err == nil && start > 0 && (start > len(data) || end < start) {
			t.Errorf("%d bytes: %d to %d", len(data), start, end)
		}
	})
}
