package store

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// sealRows is the number of rows in the bucket recent at which they are merged into
// one chunk. Larger chunks would compress slightly better, but rows would take more
// memory and space in the file until then.
const sealRows = 1024

// commit writes the queue, and what also writes, to disk in one transaction.
func (w *Writer) commit(also func(*bbolt.Tx) error) error {
	w.commits.Lock()
	defer w.commits.Unlock()
	puts, scales := w.take()
	if len(puts) == 0 && also == nil {
		return nil
	}
	rows := w.recent
	var refused error // the error of also, which does not mean that the disk fails
	err := w.db.Update(func(tx *bbolt.Tx) (err error) {
		if rows, err = putAll(tx, puts, rows, scales); err != nil || also == nil {
			return err
		}
		refused = also(tx)
		return refused
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		err = fmt.Errorf("store: write to run file: %w", err)
	} else {
		w.recent = rows
	}
	w.settle(puts, err)
	return err
}

// putAll appends the values to their buckets, seals the recent rows if there are
// enough of them, and returns the number of recent rows afterwards.
func putAll(tx *bbolt.Tx, puts []put, recent int, scales []scale) (int, error) {
	for _, p := range puts {
		recent += p.rows
		if err := appendTo(tx.Bucket(p.bucket), p.value); err != nil {
			return recent, err
		}
	}
	if recent < sealRows {
		return recent, nil
	}
	return 0, seal(tx, scales)
}

// appendTo stores a value under the next number of a bucket.
func appendTo(b *bbolt.Bucket, value []byte) error {
	b.FillPercent = 1 // keys only increase, so a full page is never split
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	return b.Put(number(n), value)
}

// seal merges the recent rows into one chunk.
func seal(tx *bbolt.Tx, scales []scale) error {
	var recent []chunk
	err := tx.Bucket(bucketRecent).ForEach(func(k, v []byte) error {
		c, err := decodeChunk(v)
		recent = append(recent, c)
		return err
	})
	if err != nil || len(recent) == 0 {
		return err
	}
	sealed, err := merge(recent, scales)
	if err != nil {
		return err
	}
	if err := appendTo(tx.Bucket(bucketChunks), sealed); err != nil {
		return err
	}
	if err := tx.DeleteBucket(bucketRecent); err != nil {
		return err
	}
	_, err = tx.CreateBucket(bucketRecent)
	return err
}
