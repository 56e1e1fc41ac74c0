package hysteria_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"testing"

	"soakmon/soak/protocol/datagram"
	"soakmon/soak/protocol/hysteria"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors are written by hand from the structures of the protocol.
func TestAppend_MatchesProtocol(t *testing.T) {
	hello := unhex(t, "03"+"0000000000000100"+"0000000000000200"+"0002"+"7077")
	said := hysteria.ClientHello{Send: 0x100, Receive: 0x200, Auth: "pw"}
	if got := hysteria.AppendClientHello(nil, said); !bytes.Equal(got, hello) {
		t.Errorf("client hello is %x, want %x", got, hello)
	}
	if got, n, err := hysteria.ParseClientHello(append(hello, 9)); got != said || n != len(hello) || err != nil {
		t.Errorf("client hello: %+v, %d, %v", got, n, err)
	}
	answer := unhex(t, "01"+"0000000000000200"+"0000000000000100"+"0000")
	answered := hysteria.ServerHello{OK: true, Send: 0x200, Receive: 0x100}
	if got := hysteria.AppendServerHello(nil, answered); !bytes.Equal(got, answer) {
		t.Errorf("server hello is %x, want %x", got, answer)
	}
	if got, n, err := hysteria.ParseServerHello(answer); got != answered || n != len(answer) || err != nil {
		t.Errorf("server hello: %+v, %d, %v", got, n, err)
	}
	for text, want := range map[string]hysteria.Request{
		"00" + "0001" + "61" + "0050": {Address: "a:80"},
		"01" + "0000" + "0000":        {UDP: true},
	} {
		b := unhex(t, text)
		if got, n, err := hysteria.ParseRequest(b); got != want || n != len(b) || err != nil {
			t.Errorf("request %s: %+v, %d, %v", text, got, n, err)
		}
		if got, err := hysteria.AppendRequest(nil, want); !bytes.Equal(got, b) || err != nil {
			t.Errorf("request is %x, want %s, %v", got, text, err)
		}
	}
	response := unhex(t, "00"+"00000007"+"0002"+"6e6f")
	if got, n, err := hysteria.ParseResponse(response); got != (hysteria.Response{Session: 7, Message: "no"}) || n != len(response) || err != nil {
		t.Errorf("response: %+v, %d, %v", got, n, err)
	}
	message := unhex(t, "00000007"+"0001"+"61"+"0050"+"0102"+"01"+"03"+"0002"+"f00d")
	want := datagram.Message{Session: 7, Packet: 0x102, Fragment: 1, Fragments: 3, Address: unhex(t, "0001610050"), Data: []byte{0xf0, 0x0d}}
	if got, err := hysteria.ParseMessage(message); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("message: %+v, %v", got, err)
	}
	if got := hysteria.AppendMessage(nil, want); !bytes.Equal(got, message) {
		t.Errorf("message is %x, want %x", got, message)
	}
	if address, err := hysteria.ParseAddress(want.Address); address != "a:80" || err != nil {
		t.Errorf("address: %q, %v", address, err)
	}
}

func TestParse_IncompleteAsksForMore(t *testing.T) {
	hello := hysteria.AppendClientHello(nil, hysteria.ClientHello{Send: 1, Receive: 1, Auth: "pw"})
	for n := range hello {
		if _, _, err := hysteria.ParseClientHello(hello[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a hello: %v", n, err)
		}
	}
	request, _ := hysteria.AppendRequest(nil, hysteria.Request{Address: "localhost:80"})
	for n := range request {
		if _, _, err := hysteria.ParseRequest(request[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a request: %v", n, err)
		}
	}
}

func TestParse_RejectsMalformed(t *testing.T) {
	for _, hello := range [][]byte{{4}, hysteria.AppendClientHello(nil, hysteria.ClientHello{Send: 1})} {
		if _, _, err := hysteria.ParseClientHello(hello); !errors.Is(err, hysteria.ErrMalformed) {
			t.Errorf("%x: %v", hello, err)
		}
	}
	for _, address := range []string{"a", "a:http", "a:65536"} {
		if _, err := hysteria.AppendAddress(nil, address); err == nil {
			t.Errorf("%q is an address", address)
		}
	}
}

func TestXPlus_MatchesProtocol(t *testing.T) {
	packet := bytes.Repeat([]byte("a QUIC packet. "), 97)
	x := hysteria.NewXPlus("cry")
	hidden := make([]byte, len(packet)+x.Overhead())
	x.Seal(hidden, packet)
	hash := sha256.Sum256(append([]byte("cry"), hidden[:16]...))
	for i := range packet {
		if hidden[16+i] != packet[i]^hash[i%32] {
			t.Fatalf("byte %d is not XORed with the hash", i)
		}
	}
	out := make([]byte, len(hidden))
	if n := x.Open(out, hidden); !bytes.Equal(out[:n], packet) {
		t.Error("what was hidden does not come back")
	}
	if n := x.Open(out, hidden[:16]); n != 0 {
		t.Errorf("a bare salt holds %d bytes", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(hysteria.AppendClientHello(nil, hysteria.ClientHello{Send: 1, Receive: 1, Auth: "pw"}))
	f.Add(hysteria.AppendResponse(nil, hysteria.Response{OK: true, Session: 7}))
	f.Add(hysteria.AppendMessage(nil, datagram.Message{Fragments: 1, Address: []byte{0, 1, 'a', 0, 80}, Data: []byte("x")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, n, err := hysteria.ParseClientHello(b); err == nil && !bytes.Equal(hysteria.AppendClientHello(nil, h), b[:n]) {
			t.Errorf("client hello %+v of %x", h, b)
		}
		if h, n, err := hysteria.ParseServerHello(b); err == nil && !bytes.Equal(hysteria.AppendServerHello(nil, h)[1:], b[1:n]) {
			t.Errorf("server hello %+v of %x", h, b)
		}
		if r, n, err := hysteria.ParseResponse(b); err == nil && !bytes.Equal(hysteria.AppendResponse(nil, r)[1:], b[1:n]) {
			t.Errorf("response %+v of %x", r, b)
		}
		if r, n, err := hysteria.ParseRequest(b); err == nil && n > len(b) {
			t.Errorf("request %+v of %x", r, b)
		}
		if m, err := hysteria.ParseMessage(b); err == nil && !bytes.Equal(hysteria.AppendMessage(nil, m), b) {
			t.Errorf("message %+v of %x", m, b)
		}
	})
}
