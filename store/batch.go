package store

import (
	"maps"
	"slices"
)

// batch collects rows until they are encoded. Its memory is reused.
type batch struct {
	stamps  []stamp
	columns []column // the series with an id is at id-1
	coded   []byte   // buffer for the encoded columns
}

// add starts a row.
func (b *batch) add(s stamp) { b.stamps = append(b.stamps, s) }

// set sets the value of a series in the latest row.
func (b *batch) set(id uint64, v float64) {
	for uint64(len(b.columns)) < id {
		b.columns = append(b.columns, column{})
	}
	b.columns[id-1].set(int64(len(b.stamps)-1), v)
}

// encode encodes the rows and empties the batch. The scale of the series with an id
// is at id-1.
func (b *batch) encode(scales []scale) []byte {
	var parts []part
	b.coded = b.coded[:0]
	for i := range b.columns {
		c := &b.columns[i]
		if len(c.rows) == 0 {
			continue
		}
		start := len(b.coded)
		b.coded = appendColumn(b.coded, *c, len(b.stamps), scales[i])
		parts = append(parts, part{uint64(i + 1), b.coded[start:]})
		c.reset()
	}
	chunk := encodeChunk(b.stamps, parts)
	b.stamps = b.stamps[:0]
	return chunk
}

// merge encodes the rows of several chunks, oldest first, as one chunk. It decodes
// only one series at a time.
func merge(chunks []chunk, scales []scale) ([]byte, error) {
	var stamps []stamp
	seen := map[uint64]bool{}
	for _, c := range chunks {
		stamps = append(stamps, c.stamps...)
		for _, p := range c.parts {
			seen[p.id] = true
		}
	}
	var parts []part
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		col, err := concat(chunks, id)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{id, appendColumn(nil, col, len(stamps), scaleFor(scales, id))})
	}
	return encodeChunk(stamps, parts), nil
}

// concat returns the points of one series from several chunks.
func concat(chunks []chunk, id uint64) (column, error) {
	var all column
	before := int64(0)
	for _, c := range chunks {
		col, err := c.column(id)
		if err != nil {
			return column{}, err
		}
		for i, row := range col.rows {
			all.set(before+row, col.values[i])
		}
		before += int64(len(c.stamps))
	}
	return all, nil
}

// scaleFor is the scale of a series, or the zero scale if it is unknown.
func scaleFor(scales []scale, id uint64) scale {
	if id-1 < uint64(len(scales)) {
		return scales[id-1]
	}
	return scale{}
}
