package hysteria

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"soakmon/soak/protocol/wire"
)

// saltSize is what obfuscation adds to each packet.
const saltSize = 16

// XPlus hides QUIC packets behind a password: each begins with a random salt and
// is XORed with SHA-256(password + salt), repeated.
type XPlus struct{ key []byte }

// NewXPlus makes the obfuscation of a password.
func NewXPlus(password string) XPlus { return XPlus{[]byte(password)} }

// Overhead is how many bytes longer a packet becomes.
func (XPlus) Overhead() int { return saltSize }

// Seal writes the hidden packet to out, which has room for it.
func (x XPlus) Seal(out, packet []byte) {
	binary.LittleEndian.PutUint64(out, rand.Uint64())
	binary.LittleEndian.PutUint64(out[8:], rand.Uint64())
	x.xor(out[saltSize:saltSize+len(packet)], packet, out[:saltSize])
}

// Open writes the packet that was hidden to out, which is as long and does not
// overlap it, and gives its length: 0 where there is none.
func (x XPlus) Open(out, hidden []byte) int {
	if len(hidden) <= saltSize {
		return 0
	}
	return x.xor(out, hidden[saltSize:], hidden[:saltSize])
}

func (x XPlus) xor(out, in, salt []byte) int {
	seed := append(make([]byte, 0, 128), x.key...)
	hash := sha256.Sum256(append(seed, salt...))
	wire.XOR(out, in, hash)
	return len(in)
}
