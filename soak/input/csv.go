// Package input reads series from elsewhere: recordings as CSV, and the answer
// of a Prometheus query. What it reads is as raw as it came: irregular, with
// gaps and NaN. It guesses a metric's kind and unit from its name alone, by the
// naming rules of Prometheus (_total is a counter, _bytes and _seconds units).
package input

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
)

// maxRows bounds a recording: a year at 1 s.
const maxRows = 32_000_000

// CSV reads a recording: a header, a column `time` (Unix seconds, RFC 3339, or
// seconds since the start) and any numeric columns, gzip or not. Empty cells,
// `NaN` and `null` are not measured. Rows may stand in any order. Columns that
// hold no number are left out; column, where not empty, names the only one
// wanted. Errors name source and line.
func CSV(r io.Reader, source, column string) ([]soak.Series, error) {
	plain, err := gunzip(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	table := csv.NewReader(plain)
	table.ReuseRecord, table.TrimLeadingSpace = true, true
	header, err := table.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: empty: want a header with a column `time` and at least one more", source)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	rec, err := newRecording(slices.Clone(header), column)
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", source, err)
	}
	for n := 0; ; n++ {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && n == maxRows {
			err = fmt.Errorf("more than %d rows", maxRows)
		}
		if err == nil {
			err = rec.add(row)
		}
		if err != nil {
			line, _ := table.FieldPos(0)
			return nil, fmt.Errorf("%s:%d: %w", source, line, err)
		}
	}
	out := rec.series()
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no column of numbers beside `time`", source)
	}
	return out, nil
}

// gunzip decompresses what begins like gzip (RFC 1952, section 2.3.1).
func gunzip(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := b.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(b)
	}
	return b, nil
}

// recording collects the columns of a table.
type recording struct {
	clock   int // index of the column time
	names   []string
	index   []int // of each name in a row
	text    []bool
	at      []time.Duration
	columns [][]float64
	first   float64 // seconds
	begun   bool
}

func newRecording(header []string, column string) (*recording, error) {
	rec := &recording{clock: -1}
	for i, h := range header {
		name := strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))
		switch {
		case strings.EqualFold(name, "time"):
			rec.clock = i
		case column == "" || name == column:
			rec.names, rec.index = append(rec.names, name), append(rec.index, i)
		}
	}
	if rec.clock < 0 {
		return nil, fmt.Errorf("no column `time` in the header %q", header)
	}
	if len(rec.names) == 0 && column != "" {
		return nil, fmt.Errorf("no column %q in the header %q", column, header)
	}
	rec.text = make([]bool, len(rec.names))
	rec.columns = make([][]float64, len(rec.names))
	return rec, nil
}

func (rec *recording) add(row []string) error {
	seconds, err := parseTime(row[rec.clock])
	if err != nil {
		return err
	}
	if !rec.begun {
		rec.first, rec.begun = seconds, true
	}
	since := seconds - rec.first
	if math.Abs(since) > 1e9 {
		return fmt.Errorf("time %s is more than thirty years from the first row's", row[rec.clock])
	}
	rec.at = append(rec.at, time.Duration(math.Round(since*1e6))*time.Microsecond)
	for i, column := range rec.index {
		v, ok := parseValue(row[column])
		rec.text[i] = rec.text[i] || !ok
		rec.columns[i] = append(rec.columns[i], v)
	}
	return nil
}

// parseTime reads Unix seconds, seconds since the start, or RFC 3339.
func parseTime(s string) (seconds float64, err error) {
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		return v, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, fmt.Errorf("time %q: want Unix seconds, seconds since the start, or RFC 3339 such as 2026-01-02T15:04:05Z", s)
	}
	return float64(t.UnixNano()) / 1e9, nil
}

func parseValue(s string) (v float64, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" || strings.EqualFold(s, "null") {
		return math.NaN(), true
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN(), false
	}
	return v, true
}

// series gives the columns of numbers, oldest row first, from time zero on.
func (rec *recording) series() []soak.Series {
	order := make([]int, len(rec.at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(rec.at[a] - rec.at[b]) })
	var out []soak.Series
	for i, name := range rec.names {
		if rec.text[i] || len(rec.at) == 0 {
			continue
		}
		s := soak.Series{Name: name, Metric: Describe(name), At: make([]time.Duration, len(order)), Value: make([]float64, len(order))}
		for to, from := range order {
			s.At[to], s.Value[to] = rec.at[from]-rec.at[order[0]], rec.columns[i][from]
		}
		out = append(out, s)
	}
	return out
}

// Describe guesses a metric from its name (https://prometheus.io/docs/practices/naming/).
func Describe(name string) soak.Metric {
	family, _, _ := strings.Cut(name, "{")
	m := soak.Metric{Name: family, Unit: "count", Kind: soak.Gauge}
	base := family
	if trimmed, ok := strings.CutSuffix(family, "_total"); ok {
		base, m.Kind = trimmed, soak.Counter
	}
	switch {
	case strings.HasSuffix(base, "_bytes"):
		m.Unit = "bytes"
	case strings.HasSuffix(base, "_seconds"):
		m.Unit = "seconds"
	}
	return m
}
