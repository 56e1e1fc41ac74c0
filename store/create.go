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

// Options are the options for writing a run file.
type Options struct {
	NoSync bool  // do not wait for the disk: a power failure may destroy the file. For tests
	Cap    int64 // maximum size in bytes; near it profiles are thinned out. 0 means 1 GiB
}

const (
	defaultCap  = 1 << 30
	allocSize   = 128 << 10              // step in which the file grows, in bytes
	lockTimeout = 100 * time.Millisecond // wait for a lock held by another process
)

// Create creates the file of a new run, readable by its owner only, and its folder.
// It never overwrites a file: the error is [fs.ErrExist] if there is one. The file
// appears under its name only when it is a complete run file, so a kill leaves no
// broken file there.
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
	err = db.Update(func(tx *bbolt.Tx) error { return initialize(tx, run) })
	if err == nil {
		err = publish(temporary, path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close(), os.Remove(temporary))
	}
	return newWriter(db, run, nil, 0, o), nil
}

// Reopen opens the file of a run whose monitor has ended or was killed, to deliver
// the remaining alerts in its outbox or to record how it ended. It upgrades a file
// of an older layout version.
func Reopen(path string, o Options) (*Writer, error) {
	r, err := Open(path) // checks the file first: bbolt itself trusts it
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

// openWritable opens a bbolt file for writing. It maps the maximum size from the
// start: growing the map would have to wait for a slow reader of WriteTo.
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

// initialize writes the buckets, version and head of a new run file.
func initialize(tx *bbolt.Tx, run soak.Run) error {
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

// upgrade rewrites the part of a file of layout version 1 that has a different form
// in version 2: the identities of its series. Its JSON is readable unchanged.
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

// publish gives a complete file its name, unless that is taken.
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
	return os.Rename(temporary, path) // the file system has no hard links
}
