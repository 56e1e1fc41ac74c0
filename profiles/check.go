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

// Limits of a profile. A parsed element takes about 200 bytes, and each byte of a
// sample up to 32. The profile of a Go server with 5,000 call sites is 1 MB with
// 25,000 elements; a quarter of it is samples.
const (
	expandedLimit = 32 << 20 // bytes after decompression
	sampleLimit   = 8 << 20  // bytes of samples
	elementLimit  = 1 << 20  // samples, locations, functions, strings
)

// Field numbers of the Profile message (proto/profile.proto of
// github.com/google/pprof).
const (
	fieldSampleType  = 1
	fieldSample      = 2
	fieldStringTable = 6
)

// bounds limit the size of a profile.
type bounds struct {
	bytes    int64 // after decompression
	elements int   // fields of the outermost message
}

var usual = bounds{expandedLimit, elementLimit}

// checkProfile checks that b is a complete gzipped profile.
func checkProfile(b []byte) error { return checkWithin(b, usual) }

// checkWithin is checkProfile with other bounds. It reads b as a stream.
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

// checkMessage checks a decompressed message.
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

// walker skips over the fields of a message and records whether the required ones
// occur.
type walker struct {
	r              *bufio.Reader
	left           int   // how many more elements are allowed
	samples        int64 // bytes of samples so far
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

// skip skips a value and returns its length. A profile has only numbers and
// messages.
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

// checkDump checks that b is the text of a goroutine dump: each stack begins with a
// line such as "goroutine 7 [select]:".
func checkDump(b []byte) error {
	if !bytes.HasPrefix(b, []byte("goroutine ")) {
		return fmt.Errorf("%w: not a goroutine dump", ErrNotProfile)
	}
	return nil
}
