package tuic_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"soakmon/soak/protocol/datagram"
	"soakmon/soak/protocol/tuic"
)

const uuid = "2dd61d93-75d8-4da4-ac0e-6aece7eac365"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors are written by hand from the specification.
func TestAppend_MatchesSpecification(t *testing.T) {
	user, err := tuic.ParseUUID(uuid)
	if err != nil || user.String() != uuid {
		t.Fatalf("%v, %v", user, err)
	}
	token := [tuic.TokenSize]byte{1, 2, 3}
	connect, err := tuic.AppendConnect(nil, "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	packet := datagram.Message{Session: 7, Packet: 0x102, Fragments: 3, Address: unhex(t, "0003612e620050"), Data: []byte{0xf0, 0x0d}}
	second := datagram.Message{Session: 7, Packet: 0x102, Fragment: 1, Fragments: 3, Address: []byte{0xff}, Data: []byte{0xf0, 0x0d}}
	for _, c := range []struct {
		text string
		got  []byte
		want tuic.Command
	}{
		{"0500" + strings.ReplaceAll(uuid, "-", "") + "010203" + strings.Repeat("00", 29), tuic.AppendAuthenticate(nil, user, token),
			tuic.Command{Type: tuic.TypeAuthenticate, User: user, Token: token}},
		{"0501" + "01" + "7f000001" + "0050", connect,
			tuic.Command{Type: tuic.TypeConnect, Packet: datagram.Message{Address: unhex(t, "017f0000010050")}}},
		{"0502" + "0007" + "0102" + "03" + "00" + "0002" + "0003612e620050" + "f00d", tuic.AppendPacket(nil, packet),
			tuic.Command{Type: tuic.TypePacket, Packet: packet}},
		{"0502" + "0007" + "0102" + "03" + "01" + "0002" + "ff" + "f00d", tuic.AppendPacket(nil, second),
			tuic.Command{Type: tuic.TypePacket, Packet: second}},
		{"0503" + "0007", tuic.AppendDissociate(nil, 7), tuic.Command{Type: tuic.TypeDissociate, Packet: datagram.Message{Session: 7}}},
		{"0504", tuic.AppendHeartbeat(nil), tuic.Command{Type: tuic.TypeHeartbeat}},
	} {
		b := unhex(t, c.text)
		if !bytes.Equal(c.got, b) {
			t.Errorf("command is %x, want %s", c.got, c.text)
		}
		if got, n, err := tuic.Parse(append(b, 9)); err != nil || n != len(b) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %d, %v", c.text, got, n, err)
		}
		for n := range b {
			if _, _, err := tuic.Parse(b[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes of %s: %v", n, c.text, err)
			}
		}
	}
}

func TestAddressesComeBack(t *testing.T) {
	for _, address := range []string{"127.0.0.1:80", "[::1]:443", "[2001:db8::7]:1", "example.org:65535"} {
		b, err := tuic.AppendAddress(nil, address)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tuic.ParseAddress(b); got != address || err != nil {
			t.Errorf("%s: %s, %v", address, got, err)
		}
	}
	for _, address := range []string{"", "a", ":80", "a:http", "a:65536", strings.Repeat("a", 256) + ":1"} {
		if _, err := tuic.AppendAddress(nil, address); err == nil {
			t.Errorf("%q is an address", address)
		}
	}
	for _, b := range [][]byte{nil, {0xff}, {1, 127, 0, 0, 1}, {7, 0, 0}} {
		if got, err := tuic.ParseAddress(b); err == nil {
			t.Errorf("%x is the address %q", b, got)
		}
	}
}

func TestParse_RejectsMalformed(t *testing.T) {
	for _, text := range []string{"0400", "0505", "0501" + "07"} {
		if _, _, err := tuic.Parse(unhex(t, text)); !errors.Is(err, tuic.ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := tuic.ParsePacket(tuic.AppendHeartbeat(nil)); !errors.Is(err, tuic.ErrMalformed) {
		t.Errorf("a heartbeat is a packet: %v", err)
	}
	for _, text := range []string{"", "2dd61d93", uuid + "00", strings.Repeat("g", 32)} {
		if _, err := tuic.ParseUUID(text); err == nil {
			t.Errorf("%q is a UUID", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(unhex(f, "05010003612e620050"))
	f.Add(tuic.AppendPacket(nil, datagram.Message{Fragments: 1, Address: unhex(f, "017f0000010050"), Data: []byte("x")}))
	f.Add(tuic.AppendHeartbeat(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, n, err := tuic.Parse(b)
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		if c.Type == tuic.TypePacket && c.Packet.Fragment == 0 && !bytes.Equal(tuic.AppendPacket(nil, c.Packet), b[:n]) {
			t.Errorf("packet %+v of %x", c.Packet, b)
		}
		if address, err := tuic.ParseAddress(c.Packet.Address); err == nil {
			_, _ = tuic.AppendAddress(nil, address) // a domain may be any text
		}
	})
}
