package store

import (
	"fmt"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// Events returns all events in the order in which they were noted.
func (r *Reader) Events() ([]soak.Event, error) {
	return list(r, bucketEvents, decodeJSON[soak.Event])
}

// Histograms returns all stored histograms, oldest first.
func (r *Reader) Histograms() ([]soak.Histogram, error) {
	return list(r, bucketHistograms, decodeHistogram)
}

// Alerts returns all alerts of the outbox, delivered or not, oldest first.
func (r *Reader) Alerts() ([]soak.Alert, error) {
	return list(r, bucketOutbox, decodeJSON[soak.Alert])
}

// Profiles describes all stored profiles, oldest first.
func (r *Reader) Profiles() (all []soak.ProfileMeta, err error) {
	err = r.view(func(tx *bbolt.Tx) error {
		all, err = profileMetas(tx)
		return err
	})
	return all, err
}

// Profile returns a stored profile as it was fetched.
func (r *Reader) Profile(id uint64) (data []byte, err error) {
	err = r.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketProfiles).Bucket(number(id))
		if b == nil {
			return fmt.Errorf("run %s has no profile %d", r.run.ID, id)
		}
		data, err = readProfile(b)
		return err
	})
	return data, err
}

// list decodes all values of a bucket, in the order of their keys.
func list[T any](r *Reader, bucket []byte, decode func([]byte) (T, error)) ([]T, error) {
	var all []T
	err := r.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
			t, err := decode(v)
			if err != nil {
				return fmt.Errorf("%w: %s %d: %w", ErrCorrupt, bucket, numberOf(k), err)
			}
			all = append(all, t)
			return nil
		})
	})
	return all, err
}

// view reads from the file, guarded against damage in it.
func (r *Reader) view(do func(*bbolt.Tx) error) error {
	err := guard(func() error { return r.db.View(do) })
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
