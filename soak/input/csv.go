// Package input reads series that soak did not record: CSV files and the result of
// a Prometheus query. It returns them unprocessed: irregular, with gaps and NaN. It
// guesses a metric's kind and unit only from its name, by the naming rules of
// Prometheus (_total is a counter, _bytes and _seconds are units).
//
// It never skips data that it cannot read: a column of numbers that also contains a
// word is an error with the line, since a series that is skipped silently would
// look like one that does not grow.
package input

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxRows bounds a recording: a year at 1 s.
const maxRows = 32_000_000

// CSV reads a recording, compressed by gzip or not: a header, a column `time` (Unix
// seconds, RFC 3339, or seconds since the start) and numeric columns. Empty cells
// and the usual placeholders (NaN, null, n/a, …) are values that were not measured.
// Rows may be in any order; times are relative to the oldest. Columns that contain
// only text are skipped. If column is not empty, only that column is read. Errors
// give source and line.
func CSV(r io.Reader, source, column string) (Recording, error) {
	t := &table{}
	rec, err := t.read(r, column)
	if err == nil {
		rec.Source = source
		return rec, nil
	}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		t.line, err = parse.Line, parse.Err
	}
	return Recording{}, fmt.Errorf("%s:%d: %w", source, max(1, t.line), err)
}

// table is a CSV file that is being read.
type table struct {
	rows *csv.Reader
	end  lastByte
	line int // of the last row
}

// lastByte is a reader that remembers the last byte read from another.
type lastByte struct {
	io.Reader
	last byte
}

func (r *lastByte) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.last = b[n-1]
	}
	return n, err
}

func (t *table) read(r io.Reader, column string) (none Recording, err error) {
	plain, err := unpack(r)
	if err != nil {
		return none, err
	}
	t.end.Reader = plain
	t.rows = csv.NewReader(&t.end)
	t.rows.ReuseRecord, t.rows.TrimLeadingSpace = true, true
	header, err := t.next()
	if errors.Is(err, io.EOF) {
		return none, errors.New("empty file: write a header with a column `time` and at least one more")
	}
	if err != nil {
		return none, err
	}
	rec, err := newRecording(slices.Clone(header), column)
	if err != nil {
		return none, err
	}
	for n := 0; ; n++ {
		row, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			cut := t.end.last != '\n' && rec.dropCutCell(t.line)
			return t.finish(rec, cut)
		case len(rec.at) > 0 && t.cutOff(row, err):
			return t.finish(rec, true)
		case errors.Is(err, csv.ErrFieldCount):
			return none, fmt.Errorf("this row has %d cells, the header has %d: leave cells empty where nothing was measured", len(row), len(header))
		case errors.Is(err, io.ErrUnexpectedEOF):
			return none, errors.New("unexpected end of the compressed data: the file is truncated")
		case err != nil:
			return none, err
		case n == maxRows:
			return none, fmt.Errorf("more than %d rows: split the file", maxRows)
		}
		if err := rec.add(row, t.line); err != nil {
			return none, err
		}
	}
}

// cutOff reports whether a row that cannot be read is the end of a file whose last
// line was not written completely, as where the recorder was killed.
func (t *table) cutOff(row []string, err error) bool {
	short := errors.Is(err, csv.ErrFieldCount) && len(row) < t.rows.FieldsPerRecord
	if !short && !errors.Is(err, csv.ErrQuote) {
		return false
	}
	_, err = t.rows.Read()
	return errors.Is(err, io.EOF) && t.end.last != '\n'
}

// next reads a row. It returns a row of the wrong length with [csv.ErrFieldCount].
func (t *table) next() ([]string, error) {
	row, err := t.rows.Read()
	if len(row) > 0 {
		t.line, _ = t.rows.FieldPos(0)
	}
	return row, err
}

// finish converts the rows into series. An error of a whole column is reported for
// the line that shows it.
func (t *table) finish(rec *recording, cut bool) (out Recording, err error) {
	if len(rec.at) == 0 {
		return out, errors.New("no rows after the header: nothing was recorded")
	}
	if line, err := rec.check(); err != nil {
		t.line = line
		return out, err
	}
	out = rec.recorded()
	out.CutOff = cut
	return out, nil
}

// unpack decompresses data that begins like gzip (RFC 1952, section 2.3.1) and
// removes the byte order mark that spreadsheets write before UTF-8.
func unpack(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReaderSize(unzipped, 1<<16)
	}
	const mark = "\ufeff"
	if start, _ := b.Peek(len(mark)); string(start) == mark {
		_, _ = b.Discard(len(mark))
	}
	return b, nil
}
