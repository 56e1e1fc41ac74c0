package hysteria2_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"testing"

	"golang.org/x/crypto/blake2b"

	"soakmon/soak/protocol/datagram"
	"soakmon/soak/protocol/hysteria2"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors are written by hand from the specification.
func TestAppend_MatchesSpecification(t *testing.T) {
	request := unhex(t, "4401"+"06"+"613a31303234"+"00") // 0x401, "a:1024", no padding
	if got := hysteria2.AppendRequest(nil, "a:1024"); !bytes.Equal(got, request) {
		t.Errorf("request is %x, want %x", got, request)
	}
	padded := append(unhex(t, "4401"+"06"+"613a31303234"+"03"+"ffffff"), "payload"...)
	if address, n, err := hysteria2.ParseRequest(padded); address != "a:1024" || n != len(padded)-len("payload") || err != nil {
		t.Errorf("padded request: %q, %d, %v", address, n, err)
	}
	for text, want := range map[string]hysteria2.Response{
		"00" + "00" + "00":       {OK: true},
		"01" + "026e6f" + "01aa": {Message: "no"},
	} {
		b := unhex(t, text)
		if got, n, err := hysteria2.ParseResponse(b); got != want || n != len(b) || err != nil {
			t.Errorf("response %s: %+v, %d, %v", text, got, n, err)
		}
	}
	if got := hysteria2.AppendResponse(nil, hysteria2.Response{Message: "no"}); !bytes.Equal(got, unhex(t, "01026e6f00")) {
		t.Errorf("response is %x", got)
	}
	message := unhex(t, "00000007"+"0102"+"01"+"03"+"03"+"613a31"+"f00d")
	want := datagram.Message{Session: 7, Packet: 0x102, Fragment: 1, Fragments: 3, Address: []byte("a:1"), Data: []byte{0xf0, 0x0d}}
	if got, err := hysteria2.ParseMessage(message); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("message: %+v, %v", got, err)
	}
	if got := hysteria2.AppendMessage(nil, want); !bytes.Equal(got, message) {
		t.Errorf("message is %x, want %x", got, message)
	}
}

func TestParse_IncompleteAsksForMore(t *testing.T) {
	request := hysteria2.AppendRequest(nil, "localhost:80")
	response := hysteria2.AppendResponse(nil, hysteria2.Response{Message: "refused"})
	for n := range request {
		if _, _, err := hysteria2.ParseRequest(request[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a request: %v", n, err)
		}
	}
	for n := range response {
		if _, _, err := hysteria2.ParseResponse(response[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a response: %v", n, err)
		}
	}
}

func TestParse_RejectsMalformed(t *testing.T) {
	for _, text := range []string{"4402", "4401" + "9fffffff", "4401" + "0000", "4401" + "0161" + "5001"} {
		if _, _, err := hysteria2.ParseRequest(unhex(t, text)); !errors.Is(err, hysteria2.ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSalamander_MatchesSpecification(t *testing.T) {
	packet := bytes.Repeat([]byte("a QUIC packet. "), 97)
	s := hysteria2.NewSalamander("cry")
	hidden := make([]byte, len(packet)+s.Overhead())
	s.Seal(hidden, packet)
	hash := blake2b.Sum256(append([]byte("cry"), hidden[:8]...))
	for i := range packet {
		if hidden[8+i] != packet[i]^hash[i%32] {
			t.Fatalf("byte %d is not XORed with the hash", i)
		}
	}
	out := make([]byte, len(hidden))
	if n := s.Open(out, hidden); !bytes.Equal(out[:n], packet) {
		t.Error("what was hidden does not come back")
	}
	again := make([]byte, len(hidden))
	if s.Seal(again, packet); bytes.Equal(again, hidden) {
		t.Error("twice the same salt")
	}
	if n := s.Open(out, hidden[:8]); n != 0 {
		t.Errorf("a bare salt holds %d bytes", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(hysteria2.AppendRequest(nil, "localhost:80"))
	f.Add(hysteria2.AppendResponse(nil, hysteria2.Response{OK: true}))
	f.Add(hysteria2.AppendMessage(nil, datagram.Message{Fragments: 1, Address: []byte("a:1"), Data: []byte("x")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if address, n, err := hysteria2.ParseRequest(b); err == nil {
			if again, _, err := hysteria2.ParseRequest(hysteria2.AppendRequest(nil, address)); n > len(b) || again != address || err != nil {
				t.Errorf("request %q: %q, %v", address, again, err)
			}
		}
		if r, n, err := hysteria2.ParseResponse(b); err == nil {
			if again, _, err := hysteria2.ParseResponse(hysteria2.AppendResponse(nil, r)); n > len(b) || again != r || err != nil {
				t.Errorf("response %+v: %+v, %v", r, again, err)
			}
		}
		if m, err := hysteria2.ParseMessage(b); err == nil {
			if again, err := hysteria2.ParseMessage(hysteria2.AppendMessage(nil, m)); err != nil || !bytes.Equal(again.Data, m.Data) || !bytes.Equal(again.Address, m.Address) {
				t.Errorf("message %+v: %+v, %v", m, again, err)
			}
		}
	})
}
