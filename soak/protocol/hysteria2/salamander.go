package hysteria2

import (
	"encoding/binary"
	"math/rand/v2"

	"golang.org/x/crypto/blake2b"

	"soakmon/soak/protocol/wire"
)

// saltSize is what obfuscation adds to each packet.
const saltSize = 8

// Salamander hides QUIC packets behind a password: each begins with a random
// salt and is XORed with BLAKE2b-256(password + salt), repeated.
type Salamander struct{ key []byte }

// NewSalamander makes the obfuscation of a password.
func NewSalamander(password string) Salamander { return Salamander{[]byte(password)} }

// Overhead is how many bytes longer a packet becomes.
func (Salamander) Overhead() int { return saltSize }

// Seal writes the hidden packet to out, which has room for it.
func (s Salamander) Seal(out, packet []byte) {
	binary.LittleEndian.PutUint64(out, rand.Uint64())
	s.xor(out[saltSize:saltSize+len(packet)], packet, out[:saltSize])
}

// Open writes the packet that was hidden to out, which is as long and does not
// overlap it, and gives its length: 0 where there is none.
func (s Salamander) Open(out, hidden []byte) int {
	if len(hidden) <= saltSize {
		return 0
	}
	return s.xor(out, hidden[saltSize:], hidden[:saltSize])
}

func (s Salamander) xor(out, in, salt []byte) int {
	seed := append(make([]byte, 0, 128), s.key...)
	hash := blake2b.Sum256(append(seed, salt...))
	wire.XOR(out, in, hash)
	return len(in)
}
