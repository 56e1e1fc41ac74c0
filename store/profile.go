package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// PutProfile stores a profile as it was fetched, on disk when this returns, and
// gives it its ID. Near the file's cap it first thins out older ones and notes
// that; it is [ErrFull] when none may go.
func (w *Writer) PutProfile(m soak.ProfileMeta, data []byte) error {
	var gone int
	err := w.commit(func(tx *bbolt.Tx) (err error) {
		if gone, err = w.thinOut(tx, int64(len(data))); err != nil {
			return err
		}
		return putProfile(tx, m, data)
	})
	if err != nil {
		return fmt.Errorf("store: profile %s: %w", m.Kind, err)
	}
	if gone == 0 {
		return nil
	}
	return w.Note(soak.Event{
		At: m.At, Wall: m.Wall, Kind: soak.EventNote, Name: "profiles", Value: soak.Float(gone),
		Text: fmt.Sprintf("%d profiles from the middle of the run were removed: the run file nears its cap of %d MiB", gone, w.capacity>>20),
	})
}

// pieceLength of a stored profile: four pieces fill a page, and bbolt puts no
// fewer into one, so a profile needs no two pages in a row and finds room where
// others were removed, however they lay.
const pieceLength = 4096/4 - 32

// putProfile gives every profile a bucket of its own: in a common one bbolt
// would write its neighbours again with it.
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

// thinOut removes profiles until there is room for so many more bytes below nine
// tenths of the cap, and returns how many it removed.
func (w *Writer) thinOut(tx *bbolt.Tx, need int64) (gone int, err error) {
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
	for ; room < 0; gone++ {
		i := leastMissed(kept)
		if i < 0 {
			return 0, ErrFull
		}
		if err := tx.Bucket(bucketProfiles).DeleteBucket(number(kept[i].ID)); err != nil {
			return 0, err
		}
		room += int64(kept[i].Size)
		kept = append(kept[:i], kept[i+1:]...)
	}
	return gone, nil
}

// leastMissed returns the index of the profile that leaves the smallest gap
// between the ones of its kind before and after it, or -1. The first and the
// last of a kind and those at alerts stay.
func leastMissed(kept []soak.ProfileMeta) int {
	type series struct{ process, kind string }
	newest := map[series]int{} // index of the profile before
	before := map[int]int{}    // index of a profile → of the one before it
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

// profileMetas lists what is known of the stored profiles, oldest first.
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

// readProfile puts the pieces of a profile together.
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
