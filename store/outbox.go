package store

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// Enqueue adds an alert to the outbox and assigns its ID. The alert is on disk when
// Enqueue returns.
func (w *Writer) Enqueue(a soak.Alert) error {
	err := w.commit(func(tx *bbolt.Tx) error {
		outbox := tx.Bucket(bucketOutbox)
		id, err := outbox.NextSequence()
		if err != nil {
			return err
		}
		a.ID = id
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		return outbox.Put(number(id), b)
	})
	if err != nil {
		return fmt.Errorf("store: alert of rule %q: %w", a.Rule, err)
	}
	return nil
}

// Undelivered returns the alerts that have not reached a sink, oldest first.
func (w *Writer) Undelivered(sink string) ([]soak.Alert, error) {
	var undelivered []soak.Alert
	err := w.db.View(func(tx *bbolt.Tx) error {
		all, err := outboxAlerts(tx)
		for _, a := range all {
			if tx.Bucket(bucketDelivered).Get(deliveredKey(sink, a.ID)) == nil {
				undelivered = append(undelivered, a)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: outbox: %w", err)
	}
	return undelivered, nil
}

// Delivered records that an alert has reached a sink. The record is on disk when
// Delivered returns.
func (w *Writer) Delivered(sink string, id uint64) error {
	return w.commit(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketDelivered).Put(deliveredKey(sink, id), []byte{})
	})
}

// outboxAlerts returns all alerts, oldest first.
func outboxAlerts(tx *bbolt.Tx) ([]soak.Alert, error) {
	var all []soak.Alert
	err := tx.Bucket(bucketOutbox).ForEach(func(k, v []byte) error {
		a, err := decodeJSON[soak.Alert](v)
		if err != nil {
			return fmt.Errorf("alert %d: %w", numberOf(k), err)
		}
		all = append(all, a)
		return nil
	})
	return all, err
}
