package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// Reader reads a run's file. Its methods may be called from any goroutine.
type Reader struct {
	db    *bbolt.DB
	run   soak.Run
	names []soak.SeriesID // by id-1
	old   bool            // the file has layout version 1
	clock func() ([]stamp, error)
}

// Open opens a run's file for reading. The error is [ErrInUse] if the run is still in
// progress, [ErrNotRun], [ErrVersion] or [ErrCorrupt] if the file cannot be read, or
// one of package os.
func Open(path string) (*Reader, error) { return open(path, lockTimeout) }

func open(path string, timeout time.Duration) (*Reader, error) {
	r := &Reader{}
	r.clock = sync.OnceValues(r.readClock)
	err := guard(func() error { return r.open(path, timeout) })
	if err != nil {
		if r.db != nil {
			err = errors.Join(err, r.db.Close())
		}
		return nil, openError(path, err)
	}
	return r, nil
}

func (r *Reader) open(path string, timeout time.Duration) error {
	info, err := os.Stat(path) // first, because opening a pipe may block forever
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", ErrNotRun)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := newestMeta(f, info.Size()); err != nil {
		return err
	}
	r.db, err = bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: timeout})
	if err != nil {
		return err
	}
	if info, err = f.Stat(); err != nil { // again, now that the file is locked
		return err
	}
	if err := checkPages(f, info.Size()); err != nil {
		return err
	}
	return r.db.View(r.readHead)
}

// readHead reads the version, the run's head and the names of the series.
func (r *Reader) readHead(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if meta == nil || meta.Get(keyVersion) == nil {
		return fmt.Errorf("%w: it is a bbolt file of another program", ErrNotRun)
	}
	decode := decodeSeries
	switch v := string(meta.Get(keyVersion)); v {
	case version:
	case oldVersion:
		decode, r.old = decodeOldSeries, true
	default:
		return fmt.Errorf("%w: the file has version %q, this program reads %q and %q; use a newer soak", ErrVersion, v, oldVersion, version)
	}
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: it has no bucket %q", ErrCorrupt, name)
		}
	}
	if err := json.Unmarshal(meta.Get(keyRun), &r.run); err != nil {
		return fmt.Errorf("%w: the run's head: %w", ErrCorrupt, err)
	}
	return tx.Bucket(bucketSeries).ForEach(func(k, v []byte) error {
		id, err := decode(v)
		if err != nil || numberOf(k) != uint64(len(r.names)+1) {
			return fmt.Errorf("%w: series %d", ErrCorrupt, numberOf(k))
		}
		r.names = append(r.names, id)
		return nil
	})
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// Run returns the head.
func (r *Reader) Run() soak.Run { return r.run }

// Names returns every series, sorted by process and name.
func (r *Reader) Names() []soak.SeriesID {
	names := slices.Clone(r.names)
	slices.SortFunc(names, soak.SeriesID.Compare)
	return names
}

// Series returns all raw points of a series, with NaN for points that were due but
// not measured, and its breaks: the restarts of its process and the suspends of the
// machine. At is the time since the run's start, in whole milliseconds.
func (r *Reader) Series(of soak.SeriesID) (soak.Series, error) {
	s := soak.Series{ID: of, Metric: metricOf(r.run.Metrics, of.Metric)}
	id := uint64(slices.Index(r.names, of) + 1)
	if id == 0 {
		return s, fmt.Errorf("store: run %s has no series %s of %s", r.run.ID, of.Metric, of.Process)
	}
	err := r.eachChunk(func(c chunk) error {
		col, err := c.column(id)
		for i, row := range col.rows {
			s.At = append(s.At, c.stamps[row].At())
			s.Value = append(s.Value, col.values[i])
		}
		return err
	})
	if err != nil {
		return s, err
	}
	s.Breaks, err = r.breaks(of.Process)
	return s, err
}

// breaks returns the times at which a process was restarted or the machine was
// suspended.
func (r *Reader) breaks(process string) ([]time.Duration, error) {
	events, err := r.Events()
	var at []time.Duration
	for _, e := range events {
		concerns := e.Process == process || e.Process == ""
		if concerns && (e.Kind == soak.EventRestart || e.Kind == soak.EventSuspend) {
			at = append(at, e.At)
		}
	}
	slices.Sort(at)
	return slices.Compact(at), err
}

// Ticks returns the time of each row since the run's start.
func (r *Reader) Ticks() ([]time.Duration, error) {
	var at []time.Duration
	err := r.eachChunk(func(c chunk) error {
		for _, s := range c.stamps {
			at = append(at, s.At())
		}
		return nil
	})
	return at, err
}

// WallAt returns the wall time of a time since the run's start, according to the
// clock at the row before it. If no row can be read, it adds at to the run's start.
func (r *Reader) WallAt(at time.Duration) time.Time {
	settings, err := r.clock()
	if err != nil || len(settings) == 0 {
		return r.run.Start.Add(at)
	}
	i := sort.Search(len(settings), func(i int) bool { return settings[i].At() > at })
	return time.UnixMilli(settings[max(i-1, 0)].offset).UTC().Add(at)
}

// readClock returns the stamps of the first row and of each row before which the wall
// clock was set.
func (r *Reader) readClock() ([]stamp, error) {
	var settings []stamp
	err := r.eachChunk(func(c chunk) error {
		for _, s := range c.stamps {
			if n := len(settings); n == 0 || settings[n-1].offset != s.offset {
				settings = append(settings, s)
			}
		}
		return nil
	})
	return settings, err
}
