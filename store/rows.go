package store

import (
	"fmt"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// place is the position of a chunk in the file.
type place struct {
	bucket []byte
	key    []byte
}

// chunks returns the places of all chunks, oldest first: the sealed ones, then
// the recent ones.
func (r *Reader) chunks() ([]place, error) {
	var all []place
	err := r.view(func(tx *bbolt.Tx) error {
		for _, bucket := range [][]byte{bucketChunks, bucketRecent} {
			err := tx.Bucket(bucket).ForEach(func(k, _ []byte) error {
				all = append(all, place{bucket, slices.Clone(k)})
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// chunk passes one chunk to use. It is valid until use returns.
func (r *Reader) chunk(p place, use func(chunk) error) error {
	return r.view(func(tx *bbolt.Tx) error {
		c, err := decodeChunk(tx.Bucket(p.bucket).Get(p.key))
		if err == nil {
			err = use(c)
		}
		if err != nil {
			return fmt.Errorf("%w: %s chunk %d: %w", ErrCorrupt, p.bucket, numberOf(p.key), err)
		}
		return nil
	})
}

// eachChunk passes all chunks to use, oldest first.
func (r *Reader) eachChunk(use func(chunk) error) error {
	all, err := r.chunks()
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := r.chunk(p, use); err != nil {
			return err
		}
	}
	return nil
}

// Rows yields all rows, oldest first, with one chunk of rows in memory at a time. It
// stops after an error.
func (r *Reader) Rows() iter.Seq2[soak.Row, error] {
	return func(yield func(soak.Row, error) bool) {
		all, err := r.chunks()
		if err != nil {
			yield(soak.Row{}, err)
			return
		}
		for _, p := range all {
			var rows []soak.Row
			err := r.chunk(p, func(c chunk) (err error) {
				rows, err = r.rowsOf(c)
				return err
			})
			if err != nil {
				yield(soak.Row{}, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// rowsOf turns the columns of a chunk into rows.
func (r *Reader) rowsOf(c chunk) ([]soak.Row, error) {
	rows := make([]soak.Row, len(c.stamps))
	for i, s := range c.stamps {
		rows[i] = soak.Row{At: s.At(), Wall: s.Wall(), Samples: make([]soak.Sample, 0, len(c.parts))}
	}
	for _, p := range c.parts {
		if p.id > uint64(len(r.names)) {
			return nil, fmt.Errorf("series %d has no name", p.id)
		}
		n := r.names[p.id-1]
		col, err := c.column(p.id)
		if err != nil {
			return nil, err
		}
		for i, row := range col.rows {
			rows[row].Samples = append(rows[row].Samples, soak.Sample{SeriesID: n, Value: col.values[i]})
		}
	}
	return rows, nil
}
