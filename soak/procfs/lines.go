package procfs

import (
	"bytes"
	"math"
)

// Lines calls f with each key and value of a file of "key: value" or
// "key value" lines.
func Lines(b []byte, f func(key, value []byte)) {
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

// Number parses the decimal digits at the beginning of b, after blanks; ok is
// false where there are none, or where they exceed 64 bits.
func Number(b []byte) (n uint64, ok bool) {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
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

// column returns the nth word of a row, from 0, or nil where there are fewer.
func column(row []byte, n int) []byte {
	for {
		row = bytes.TrimLeft(row, " ")
		end := bytes.IndexByte(row, ' ')
		if end < 0 {
			end = len(row)
		}
		if n == 0 {
			return row[:end]
		}
		n, row = n-1, row[end:]
		if len(row) == 0 {
			return nil
		}
	}
}
