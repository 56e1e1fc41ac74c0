package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// PutProfile stores a profile as it was fetched and assigns its ID. The profile is on
// disk when PutProfile returns. Near the file's maximum size it first removes some
// older profiles and notes that in an event. The error is [ErrFull] if none of them
// may be removed.
func (w *Writer) PutProfile(m soak.ProfileMeta, data []byte) error {
	var removed int
	err := w.commit(func(tx *bbolt.Tx) (err error) {
		if removed, err = w.thinOut(tx, int64(len(data))); err != nil {
			return err
		}
		return putProfile(tx, m, data)
	})
	if err != nil {
		return fmt.Errorf("store: profile %s: %w", m.Kind, err)
	}
	if removed == 0 {
		return nil
	}
	return w.Note(soak.Event{
		At: m.At, Wall: m.Wall, Kind: soak.EventNote, Name: "profiles", Value: soak.Float(removed),
		Text: fmt.Sprintf("%d profiles from the middle of the run were removed: the run file is close to its maximum size of %d MiB", removed, w.capacity>>20),
	})
}

// pieceLength is the size of a stored profile's pieces. bbolt puts at least two keys
// into a page, and four pieces fill one, so no piece needs consecutive pages: a
// profile fits into the pages of removed ones, however they are scattered.
const pieceLength = 4096/4 - 32

// putProfile stores every profile in a separate bucket: in a shared one, bbolt would
// rewrite neighboring profiles too.
func putProfile(tx *bbolt.Tx, m soak.ProfileMeta, data []byte) error {
	profiles := tx.Bucket(bucketProfiles)
	id, err := profiles.NextSequence()
	if err != nil {
		return err
	}
	m.ID, m.Size = id, len(data)
	meta, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b, err := profiles.CreateBucket(number(id))
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(data, pieceLength) {
		if err := appendTo(b, piece); err != nil {
			return err
		}
	}
	return b.Put(keyMeta, meta)
}

// thinOut removes profiles until need more bytes fit below 90 % of the maximum size,
// and returns the number of removed profiles.
func (w *Writer) thinOut(tx *bbolt.Tx, need int64) (removed int, err error) {
	page := int64(w.db.Info().PageSize)
	used := tx.Size() - int64(w.db.Stats().FreePageN)*page
	room := w.capacity/10*9 - used - need
	if room >= 0 {
		return 0, nil
	}
	kept, err := profileMetas(tx)
	if err != nil {
		return 0, err
	}
	for ; room < 0; removed++ {
		i := leastInformative(kept)
		if i < 0 {
			return 0, ErrFull
		}
		if err := tx.Bucket(bucketProfiles).DeleteBucket(number(kept[i].ID)); err != nil {
			return 0, err
		}
		room += int64(kept[i].Size)
		kept = append(kept[:i], kept[i+1:]...)
	}
	return removed, nil
}

// leastInformative returns the index of the profile whose removal leaves the
// smallest gap between the ones of its kind before and after it, or -1. The first
// and the last profile of a kind and those taken at alerts are kept.
func leastInformative(kept []soak.ProfileMeta) int {
	type series struct{ process, kind string }
	newest := map[series]int{} // index of the previous profile
	before := map[int]int{}    // index of a profile → index of the one before it
	best, gap := -1, time.Duration(0)
	for i, m := range kept {
		s := series{m.Process, m.Kind}
		middle, ok := newest[s]
		newest[s] = i
		if !ok {
			continue
		}
		before[i] = middle
		first, ok := before[middle]
		if !ok || kept[middle].Why == soak.ProfileAlert {
			continue
		}
		if g := m.At - kept[first].At; best < 0 || g < gap {
			best, gap = middle, g
		}
	}
	return best
}

// profileMetas returns the metadata of the stored profiles, oldest first.
func profileMetas(tx *bbolt.Tx) ([]soak.ProfileMeta, error) {
	var all []soak.ProfileMeta
	profiles := tx.Bucket(bucketProfiles)
	err := profiles.ForEachBucket(func(k []byte) error {
		m, err := decodeJSON[soak.ProfileMeta](profiles.Bucket(k).Get(keyMeta))
		if err != nil {
			return fmt.Errorf("profile %d: %w", numberOf(k), err)
		}
		all = append(all, m)
		return nil
	})
	return all, err
}

// readProfile joins the pieces of a profile.
func readProfile(b *bbolt.Bucket) ([]byte, error) {
	var data []byte
	err := b.ForEach(func(k, v []byte) error {
		if numberOf(k) > 0 {
			data = append(data, v...)
		}
		return nil
	})
	return data, err
}
