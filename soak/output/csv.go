package output

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"time"

	"soakmon/soak"
)

// RowSource is a run as rows.
type RowSource interface {
	Names() []soak.SeriesID           // every series in it, sorted
	Rows() iter.Seq2[soak.Row, error] // oldest first; an error ends it
}

// CSV writes a run as a table (RFC 4180): a line of names, then one row a tick.
// The first column, time, is Unix seconds to the millisecond; each other one is a
// series, named process/name. A cell is empty where the series was not due or not
// measured.
func CSV(w io.Writer, r RowSource) error {
	out := csv.NewWriter(w)
	names := r.Names()
	column := make(map[soak.SeriesID]int, len(names))
	cells := []string{"time"}
	for i, n := range names {
		column[n] = i + 1
		cells = append(cells, n.Process+"/"+n.Metric)
	}
	if err := out.Write(cells); err != nil {
		return fmt.Errorf("output: csv: %w", err)
	}
	for row, err := range r.Rows() {
		if err != nil {
			return fmt.Errorf("output: csv: %w", err)
		}
		clear(cells)
		cells[0] = string(appendTime(nil, row.Wall))
		for _, s := range row.Samples {
			i, ok := column[s.SeriesID]
			if ok && !math.IsNaN(s.Value) {
				cells[i] = string(appendNumber(nil, s.Value))
			}
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("output: csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("output: csv: %w", err)
	}
	return nil
}

// appendTime appends Unix seconds with three decimals.
func appendTime(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	b = strconv.AppendInt(b, ms/1000, 10)
	return append(b, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
}

// appendNumber appends the shortest text that reads back as the same float, with
// an exponent only where it would be long without.
func appendNumber(b []byte, v float64) []byte {
	if a := math.Abs(v); a < 1e15 && (a > 1e-12 || a == 0) {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
