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

// RowSource is a run that is read by rows.
type RowSource interface {
	Names() []soak.SeriesID           // every series of the run, sorted
	Rows() iter.Seq2[soak.Row, error] // oldest first; an error is the last element
}

// CSV writes a run as a table (RFC 4180): a line of names, then one row per tick.
// The first column, time, is Unix seconds with milliseconds; each other column is a
// series, named process/name. A cell is empty if the series was not due or not
// measured at that tick.
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

// appendNumber appends the shortest text that parses as the same float, with an
// exponent only for numbers that would be long without one.
func appendNumber(b []byte, v float64) []byte {
	if a := math.Abs(v); a < 1e15 && (a > 1e-12 || a == 0) {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
