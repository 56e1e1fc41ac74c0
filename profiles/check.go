package profiles

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// expandedLimit bounds a profile after decompression, bytes.
const expandedLimit = 512 << 20

// The fields of a Profile message that every profile has (proto/profile.proto
// of github.com/google/pprof).
const (
	fieldSampleType  = 1
	fieldStringTable = 6
)

// checkProfile tells whether b is a whole gzipped profile.
func checkProfile(b []byte) error { return checkWithin(b, expandedLimit) }

func checkWithin(b []byte, limit int64) error {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	limited := &io.LimitedReader{R: z, N: limit + 1}
	r := bufio.NewReaderSize(limited, 64<<10)
	types, strings, err := walk(r)
	switch {
	case limited.N <= 0:
		return fmt.Errorf("%w: more than %d bytes after decompression", ErrNotProfile, limit)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNotProfile, err)
	case !types || !strings:
		return fmt.Errorf("%w: no sample types or no strings", ErrNotProfile)
	}
	return nil
}

// walk passes over the fields of a message and tells which of those occur that
// must.
func walk(r *bufio.Reader) (types, strings bool, err error) {
	for {
		tag, err := binary.ReadUvarint(r)
		if err == io.EOF {
			return types, strings, nil
		}
		if err != nil {
			return types, strings, err
		}
		field, wire := tag>>3, tag&7
		if field == 0 {
			return types, strings, errors.New("a field has number 0")
		}
		types = types || field == fieldSampleType
		strings = strings || field == fieldStringTable
		if err := skip(r, wire); err != nil {
			return types, strings, err
		}
	}
}

// skip passes over a value. A profile has numbers and messages only.
func skip(r *bufio.Reader, wire uint64) error {
	const varint, length = 0, 2
	n, err := binary.ReadUvarint(r)
	if wire == length && err == nil {
		if n > math.MaxInt32 {
			return errors.New("a field is too long")
		}
		_, err = r.Discard(int(n))
	} else if wire != varint && err == nil {
		err = fmt.Errorf("unexpected wire type %d", wire)
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// checkDump tells whether b is the text of a goroutine dump: each stack begins
// with a line such as "goroutine 7 [select]:".
func checkDump(b []byte) error {
	if !bytes.HasPrefix(b, []byte("goroutine ")) {
		return fmt.Errorf("%w: no goroutine dump", ErrNotProfile)
	}
	return nil
}
