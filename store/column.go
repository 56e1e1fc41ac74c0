package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// column is the points of one series in a chunk. A row that is not listed in rows
// has no point of the series. A point that was due but not measured is NaN.
type column struct {
	rows   []int64 // ascending
	values []float64
}

// set adds the point of a row, or replaces the one that the row has.
func (c *column) set(row int64, v float64) {
	if n := len(c.rows); n > 0 && c.rows[n-1] == row {
		c.values[n-1] = v
		return
	}
	c.rows = append(c.rows, row)
	c.values = append(c.values, v)
}

// reset empties the column and keeps its memory.
func (c *column) reset() {
	c.rows, c.values = c.rows[:0], c.values[:0]
}

// appendColumn appends c, a column of a chunk of n rows: the number of its points,
// their rows unless every row has one, the number of NaNs, the positions of these,
// and the other values.
func appendColumn(dst []byte, c column, n int, s scale) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.rows)))
	if len(c.rows) < n {
		dst = appendInts(dst, c.rows)
	}
	var nan []int64
	for i, v := range c.values {
		if math.IsNaN(v) {
			nan = append(nan, int64(i))
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(nan)))
	if len(nan) == 0 {
		return appendValues(dst, c.values, s)
	}
	measured := slices.DeleteFunc(slices.Clone(c.values), math.IsNaN)
	return appendValues(appendInts(dst, nan), measured, s)
}

// decodeColumn decodes a column of a chunk of n rows from all of b.
func decodeColumn(b []byte, n int) (column, error) {
	rows, b, err := cutPositions(b, n)
	if err != nil {
		return column{}, fmt.Errorf("rows: %w", err)
	}
	k, b, err := cutUvarint(b)
	if err != nil {
		return column{}, err
	}
	if k == 0 {
		v, err := values(b, len(rows))
		return column{rows, v}, err
	}
	if k > uint64(len(rows)) {
		return column{}, fmt.Errorf("invalid number of NaNs: %d of %d points", k, len(rows))
	}
	nan, b, err := cutInts(b, int(k))
	if err != nil {
		return column{}, err
	}
	if err := ascending(nan, len(rows)); err != nil {
		return column{}, fmt.Errorf("positions of NaNs: %w", err)
	}
	measured, err := values(b, len(rows)-len(nan))
	if err != nil {
		return column{}, err
	}
	return column{rows, spread(measured, nan)}, nil
}

// cutPositions reads the number of points in a column of a chunk of n rows, and the
// rows that they belong to.
func cutPositions(b []byte, n int) ([]int64, []byte, error) {
	count, b, err := cutUvarint(b)
	if err != nil {
		return nil, nil, err
	}
	if count > uint64(n) {
		return nil, nil, fmt.Errorf("invalid number of points: %d in %d rows", count, n)
	}
	if int(count) < n {
		rows, b, err := cutInts(b, int(count))
		if err != nil {
			return nil, nil, err
		}
		return rows, b, ascending(rows, n)
	}
	rows := make([]int64, n)
	for i := range rows {
		rows[i] = int64(i)
	}
	return rows, b, nil
}

// ascending returns an error unless p are ascending positions below n.
func ascending(p []int64, n int) error {
	before := int64(-1)
	for _, v := range p {
		if v <= before || v >= int64(n) {
			return fmt.Errorf("invalid position %d after %d, of %d", v, before, n)
		}
		before = v
	}
	return nil
}

// spread inserts NaNs at the given positions among the measured values.
func spread(measured []float64, nan []int64) []float64 {
	out := make([]float64, 0, len(measured)+len(nan))
	for _, p := range nan {
		gap := int(p) - len(out)
		out = append(out, measured[:gap]...)
		out = append(out, math.NaN())
		measured = measured[gap:]
	}
	return append(out, measured...)
}
