package datagram_test

import (
	"bytes"
	"testing"

	"soakmon/soak/protocol/datagram"
)

// parts splits a datagram of size bytes of its packet number.
func parts(t *testing.T, packet uint16, size, room int) (out []datagram.Message) {
	t.Helper()
	m := datagram.Message{Session: 1, Packet: packet, Address: []byte("a"), Data: bytes.Repeat([]byte{byte(packet)}, size)}
	if err := datagram.Split(m, room, func(p datagram.Message) error { out = append(out, p); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAssembler_AnyOrder(t *testing.T) {
	for _, size := range []int{0, 1, 99, 100, 101, 1000, 25_500} {
		fragments := parts(t, 7, size, 100)
		if want := max((size+99)/100, 1); len(fragments) != want {
			t.Fatalf("%d bytes have %d fragments, want %d", size, len(fragments), want)
		}
		var a datagram.Assembler
		for i := range fragments {
			m, ok := a.Add(fragments[len(fragments)-1-i])
			if last := i == len(fragments)-1; ok != last {
				t.Fatalf("%d bytes: fragment %d of %d completes it: %v", size, i, len(fragments), ok)
			} else if last && (len(m.Data) != size || string(m.Address) != "a" || len(bytes.Trim(m.Data, "\x07")) > 0) {
				t.Errorf("%d bytes: %d came back, from %q", size, len(m.Data), m.Address)
			}
		}
	}
}

func TestAssembler_Interleaved(t *testing.T) {
	var a datagram.Assembler
	one, two := parts(t, 1, 200, 100), parts(t, 2, 200, 100)
	a.Add(one[0])
	a.Add(two[1])
	if m, ok := a.Add(one[1]); !ok || m.Packet != 1 || m.Data[150] != 1 {
		t.Errorf("%+v, %v", m, ok)
	}
	if m, ok := a.Add(two[0]); !ok || m.Packet != 2 || m.Data[150] != 2 {
		t.Errorf("%+v, %v", m, ok)
	}
}

func TestAssembler_EvictsIncomplete(t *testing.T) {
	var a datagram.Assembler
	first := parts(t, 0, 200, 100)
	a.Add(first[0])
	for packet := uint16(1); packet <= 8; packet++ {
		a.Add(parts(t, packet, 200, 100)[0])
	}
	if _, ok := a.Add(first[1]); ok {
		t.Error("a datagram was kept for ever")
	}
}

func TestAssembler_DropsInconsistent(t *testing.T) {
	var a datagram.Assembler
	for _, m := range []datagram.Message{
		{Fragment: 3, Fragments: 3},
		{Fragment: 1, Fragments: 1},
		{Packet: 1, Fragment: 0, Fragments: 2},
		{Packet: 1, Fragment: 0, Fragments: 2}, // twice
	} {
		if _, ok := a.Add(m); ok {
			t.Errorf("%+v is a datagram", m)
		}
	}
	if err := datagram.Split(datagram.Message{Data: make([]byte, 25_501)}, 100, nil); err == nil {
		t.Error("256 fragments")
	}
	if err := datagram.Split(datagram.Message{Data: make([]byte, 1)}, 0, nil); err == nil {
		t.Error("fragments without room")
	}
}
