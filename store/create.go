package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// Options of a run file that is written.
type Options struct {
	NoSync bool  // do not wait for the disk: a power failure may cost the file. For tests
	Cap    int64 // bytes; near it profiles are thinned out. 0 is 1 GiB
}

const (
	defaultCap  = 1 << 30
	allocSize   = 128 << 10              // the file grows by so much
	lockTimeout = 100 * time.Millisecond // wait for another's lock
)

// Create makes the file of a new run, readable by its owner only, and the folder
// for it. It never overwrites: the error is then [fs.ErrExist]. The file appears
// under its name when it is a complete run file, not before, so a kill leaves no
// broken one.
func Create(path string, run soak.Run, o Options) (*Writer, error) {
	w, err := create(path, run, o)
	if err != nil {
		return nil, fmt.Errorf("store: create run file %s: %w", path, err)
	}
	return w, nil
}

func create(path string, run soak.Run, o Options) (*Writer, error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	db, err := openWritable(path, o, func(string, int, os.FileMode) (*os.File, error) {
		return os.CreateTemp(folder, ".run-*")
	})
	if err != nil {
		return nil, err
	}
	temporary := db.Path()
	err = db.Update(func(tx *bbolt.Tx) error { return initialise(tx, run) })
	if err == nil {
		err = publish(temporary, path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close(), os.Remove(temporary))
	}
	return newWriter(db, run, nil, 0, o), nil
}

// Reopen opens the file of a run whose monitor has ended or was killed, to
// deliver what is left in its outbox or to note how it ended.
func Reopen(path string, o Options) (*Writer, error) {
	r, err := Open(path) // checks the file, which bbolt trusts
	if err != nil {
		return nil, err
	}
	ticks, err := r.Ticks()
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	last := time.Duration(0)
	if len(ticks) > 0 {
		last = ticks[len(ticks)-1]
	}
	var db *bbolt.DB
	err = guard(func() (err error) {
		if db, err = openWritable(path, o, nil); err != nil || !r.old {
			return err
		}
		return db.Update(func(tx *bbolt.Tx) error { return upgrade(tx, r.names) })
	})
	if err != nil {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
		return nil, openError(path, err)
	}
	return newWriter(db, r.run, r.names, last, o), nil
}

// openWritable opens a bbolt file to write to it. As much as the cap is mapped
// at once: a map that grew would have to wait for a slow reader of WriteTo.
func openWritable(path string, o Options, open func(string, int, os.FileMode) (*os.File, error)) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockTimeout,
		NoSync:          o.NoSync,
		NoGrowSync:      o.NoSync,
		InitialMmapSize: int(o.capacity()),
		OpenFile:        open,
	})
	if err == nil {
		db.AllocSize = allocSize
	}
	return db, err
}

func (o Options) capacity() int64 {
	if o.Cap > 0 {
		return o.Cap
	}
	return defaultCap
}

// initialise writes all that makes a file a run file.
func initialise(tx *bbolt.Tx, run soak.Run) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := putVersion(tx); err != nil {
		return err
	}
	return putRun(tx, run)
}

func putVersion(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	return errors.Join(meta.Put(keyVersion, []byte(version)), meta.Put(keyMinor, []byte(minorVersion)))
}

// upgrade rewrites what a file of layout version 1 has in another form: the names
// of its series. Its JSON is readable as it is.
func upgrade(tx *bbolt.Tx, names []soak.SeriesID) error {
	series := tx.Bucket(bucketSeries)
	for i, id := range names {
		value, err := json.Marshal(id)
		if err == nil {
			err = series.Put(number(uint64(i+1)), value)
		}
		if err != nil {
			return fmt.Errorf("upgrade from layout version %s: %w", oldVersion, err)
		}
	}
	return putVersion(tx)
}

// putRun replaces the head.
func putRun(tx *bbolt.Tx, run soak.Run) error {
	head, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("the run's head: %w", err)
	}
	return tx.Bucket(bucketMeta).Put(keyRun, head)
}

// publish gives a finished file its name, unless that is taken.
func publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil {
		return os.Remove(temporary)
	}
	if errors.Is(err, fs.ErrExist) {
		return fs.ErrExist
	}
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temporary, path) // a file system without hard links
}
