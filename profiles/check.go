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

// What a profile may hold. An element costs some 200 bytes once it is parsed, and
// a byte of a sample up to 32. A Go server with 5,000 call sites has 25,000
// elements in 1 MB, a quarter of it samples.
const (
	expandedLimit = 32 << 20 // bytes after decompression
	sampleLimit   = 8 << 20  // bytes of samples
	elementLimit  = 1 << 20  // samples, locations, functions, strings
)

// The fields of a Profile message that every profile has (proto/profile.proto
// of github.com/google/pprof).
const (
	fieldSampleType  = 1
	fieldSample      = 2
	fieldStringTable = 6
)

// bounds limit what a profile may hold.
type bounds struct {
	bytes    int64 // after decompression
	elements int   // fields of the outermost message
}

var usual = bounds{expandedLimit, elementLimit}

// checkProfile tells whether b is a whole gzipped profile.
func checkProfile(b []byte) error { return checkWithin(b, usual) }

// checkWithin reads b once, and keeps nothing of it.
func checkWithin(b []byte, limit bounds) error {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	limited := &io.LimitedReader{R: z, N: limit.bytes + 1}
	err = checkMessage(bufio.NewReaderSize(limited, 64<<10), limit.elements)
	if limited.N <= 0 {
		return tooLarge(limit)
	}
	return err
}

func tooLarge(limit bounds) error {
	return fmt.Errorf("%w: more than %d bytes after decompression", ErrNotProfile, limit.bytes)
}

// checkMessage passes over a message after decompression.
func checkMessage(r *bufio.Reader, elements int) error {
	w := walker{r: r, left: elements}
	if err := w.walk(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	if !w.types || !w.strings {
		return fmt.Errorf("%w: no sample types or no strings", ErrNotProfile)
	}
	return nil
}

// walker passes over the fields of a message and tells which of those occur
// that must.
type walker struct {
	r              *bufio.Reader
	left           int   // elements that may follow
	samples        int64 // bytes of samples
	types, strings bool
}

func (w *walker) walk() error {
	for {
		tag, err := binary.ReadUvarint(w.r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		field, wire := tag>>3, tag&7
		if field == 0 {
			return errors.New("a field has number 0")
		}
		if w.left--; w.left < 0 {
			return errors.New("too many samples, call sites or names")
		}
		w.types = w.types || field == fieldSampleType
		w.strings = w.strings || field == fieldStringTable
		n, err := skip(w.r, wire)
		if err != nil {
			return err
		}
		if field == fieldSample {
			w.samples += n
		}
		if w.samples > sampleLimit {
			return fmt.Errorf("more than %d bytes of samples", sampleLimit)
		}
	}
}

// skip passes over a value and gives its length. A profile has numbers and
// messages only.
func skip(r *bufio.Reader, wire uint64) (length int64, err error) {
	const varint, message = 0, 2
	n, err := binary.ReadUvarint(r)
	switch {
	case err != nil:
	case wire == message && n > math.MaxInt32:
		return 0, errors.New("a field is too long")
	case wire == message:
		length = int64(n)
		_, err = r.Discard(int(n))
	case wire != varint:
		return 0, fmt.Errorf("unexpected wire type %d", wire)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return length, err
}

// checkDump tells whether b is the text of a goroutine dump: each stack begins
// with a line such as "goroutine 7 [select]:".
func checkDump(b []byte) error {
	if !bytes.HasPrefix(b, []byte("goroutine ")) {
		return fmt.Errorf("%w: no goroutine dump", ErrNotProfile)
	}
	return nil
}
