package wire

import (
	"bytes"
	"io"
	"testing"
)

func TestReader_StopsAtMissingField(t *testing.T) {
	r := Reader{Rest: []byte{1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 'a', 'b', 9}}
	if a, b, c, d := r.Uint8(), r.Uint16(), r.Uint32(), r.Uint64(); a != 1 || b != 2 || c != 3 || d != 4 {
		t.Errorf("%d %d %d %d", a, b, c, d)
	}
	if got := r.Take(2); string(got) != "ab" || r.Err != nil {
		t.Errorf("%q, %v", got, r.Err)
	}
	if n := r.Uint16(); n != 0 || r.Err != io.ErrUnexpectedEOF {
		t.Errorf("%d, %v", n, r.Err)
	}
	if n := r.Uint8(); n != 0 || len(r.Rest) != 1 {
		t.Errorf("%d is taken after an error; %d are left", n, len(r.Rest))
	}
}

func TestXOR_RepeatsHash(t *testing.T) {
	hash := [32]byte([]byte("0123456789abcdef0123456789ABCDEF"))
	for _, size := range []int{0, 1, 32, 511, 512, 513, 1500} {
		in := bytes.Repeat([]byte{'x'}, size)
		out := make([]byte, size)
		XOR(out, in, hash)
		for i := range out {
			if out[i] != 'x'^hash[i%32] {
				t.Fatalf("byte %d of %d", i, size)
			}
		}
	}
}
