package store

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// sealRows is how many rows the bucket recent gathers before they are merged
// into one chunk. More would pack a little tighter, and take more memory and
// room in the file meanwhile.
const sealRows = 1024

// commit puts the queue, and what else is given, on disk in one transaction: all
// of it or nothing.
func (w *Writer) commit(also func(*bbolt.Tx) error) error {
	w.commits.Lock()
	defer w.commits.Unlock()
	puts, scales := w.take()
	if len(puts) == 0 && also == nil {
		return nil
	}
	rows := w.recent
	var refused error // by also: no fault of the disk
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

// putAll appends the values to their buckets, seals the recent rows where there
// are enough of them, and returns how many are left of those.
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

// appendTo puts a value under the next number of a bucket.
func appendTo(b *bbolt.Bucket, value []byte) error {
	b.FillPercent = 1 // keys only rise: a page that is full stays so
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
