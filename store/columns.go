package store

import (
	"slices"
	"soakmon/soak"
	"time"
)

// Columns reads several series between two times in one pass over the file. It calls
// use with the points of series names[i] in one chunk, oldest chunk first. A point
// that was due but not measured is NaN. at and value are valid until use returns. A
// series that the run does not have has no points.
func (r *Reader) Columns(names []soak.SeriesID, from, to time.Duration, use func(i int, at []time.Duration, value []float64)) error {
	ids := make([]uint64, len(names))
	for i, n := range names {
		ids[i] = uint64(slices.Index(r.names, n) + 1)
	}
	return r.eachChunk(func(c chunk) error {
		at := times(c.stamps)
		first, _ := slices.BinarySearch(at, from)
		last, _ := slices.BinarySearch(at, to+1)
		if first == last {
			return nil
		}
		for i, id := range ids {
			if id == 0 {
				continue
			}
			col, err := c.column(id)
			if err != nil {
				return err
			}
			if len(col.rows) == len(at) {
				use(i, at[first:last], col.values[first:last])
				continue
			}
			begin, _ := slices.BinarySearch(col.rows, int64(first))
			end, _ := slices.BinarySearch(col.rows, int64(last))
			use(i, pick(at, col.rows[begin:end]), col.values[begin:end])
		}
		return nil
	})
}

func times(stamps []stamp) []time.Duration {
	at := make([]time.Duration, len(stamps))
	for i, s := range stamps {
		at[i] = s.At()
	}
	return at
}

func pick(at []time.Duration, rows []int64) []time.Duration {
	out := make([]time.Duration, len(rows))
	for i, row := range rows {
		out[i] = at[row]
	}
	return out
}
