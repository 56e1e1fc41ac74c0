package probes

import (
	"bytes"
	"math"
)

// lines calls f with each key and value of a file of "key: value" or
// "key value" lines.
func lines(b []byte, f func(key, value []byte)) {
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte{'\n'})
		i := 0
		for i < len(line) && !blank(line[i]) {
			i++
		}
		if i == 0 || i == len(line) {
			continue
		}
		value := line[i:]
		for len(value) > 0 && blank(value[0]) {
			value = value[1:]
		}
		f(line[:i], value)
	}
}

func blank(c byte) bool { return c == ':' || c == ' ' || c == '\t' }

// number reads the decimal digits at the beginning of b, after blanks.
func number(b []byte) (uint64, bool) {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	var n uint64
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		d := uint64(b[i] - '0')
		if n > (math.MaxUint64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, i > 0
}
