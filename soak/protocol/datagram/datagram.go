// Package datagram holds what proxy protocols that relay UDP in QUIC datagrams
// have in common: the message, its division into fragments that fit, and their
// assembly. It is pure: no I/O, no clock.
package datagram

import "fmt"

// Message is one relayed datagram, or a fragment of one.
type Message struct {
	Session   uint32
	Packet    uint16 // the same in all fragments of a datagram
	Fragment  uint8  // from 0
	Fragments uint8  // 1 where it is whole
	Address   []byte // as on the wire, in the form of the protocol
	Data      []byte
}

// MaxFragments is how many fragments a datagram can have.
const MaxFragments = 255

// Split gives send the parts of m, with no more than room bytes of data each.
// The slices of a part are those of m.
func Split(m Message, room int, send func(Message) error) error {
	if room < 1 || (len(m.Data)+room-1)/room > MaxFragments {
		return fmt.Errorf("a datagram of %d bytes needs more than %d fragments of %d bytes", len(m.Data), MaxFragments, room)
	}
	part := m
	part.Fragments = uint8(max((len(m.Data)+room-1)/room, 1))
	for i := range part.Fragments {
		from := int(i) * room
		part.Fragment = i
		part.Data = m.Data[from:min(from+room, len(m.Data))]
		if err := send(part); err != nil {
			return err
		}
	}
	return nil
}

// pending is how many datagrams of a session are assembled at a time: those of
// which a fragment was lost are pushed out by newer ones.
const pending = 8

// Assembler puts the datagrams of one session together again. Its memory is
// bounded; the zero value is ready.
type Assembler struct {
	parts [pending]partial
	next  int
}

type partial struct {
	first   Message // its address, as fragment 0 said it
	data    [][]byte
	missing int
}

// Add takes a message and gives a whole datagram where it completes one. It
// keeps the slices of fragments until then, but not those of whole messages.
// What cannot belong together is dropped.
func (a *Assembler) Add(m Message) (whole Message, ok bool) {
	if m.Fragments <= 1 {
		return m, m.Fragment == 0
	}
	if m.Fragment >= m.Fragments {
		return Message{}, false
	}
	p := a.find(m)
	if p.data[m.Fragment] != nil {
		return Message{}, false // came twice
	}
	p.data[m.Fragment] = append([]byte{}, m.Data...)
	if m.Fragment == 0 {
		p.first.Address = append([]byte(nil), m.Address...)
	}
	if p.missing--; p.missing > 0 {
		return Message{}, false
	}
	whole = p.first
	for _, part := range p.data {
		whole.Data = append(whole.Data, part...)
	}
	*p = partial{}
	return whole, true
}

// find gives the place of a fragment's datagram, an old one's if need be.
func (a *Assembler) find(m Message) *partial {
	for i := range a.parts {
		p := &a.parts[i]
		if p.missing > 0 && p.first.Packet == m.Packet && len(p.data) == int(m.Fragments) {
			return p
		}
	}
	p := &a.parts[a.next]
	a.next = (a.next + 1) % pending
	*p = partial{
		first:   Message{Session: m.Session, Packet: m.Packet, Fragments: 1},
		data:    make([][]byte, m.Fragments),
		missing: int(m.Fragments),
	}
	return p
}
