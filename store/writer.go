package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

const (
	commitEvery = 2 * time.Second // a kill loses at most the rows of this interval,
	commitRows  = 256             // and at most this number of rows
	queueRows   = 16 << 10        // maximum number of rows kept while writing fails
	queueBytes  = 8 << 20         // maximum size of everything kept while writing fails
)

// Writer writes a run's file. Its methods may be called from any goroutine.
//
// Append, Note and PutHistogram only queue: a goroutine of the writer commits. If a
// commit fails, they return its error until a commit succeeds again. The queue is
// kept and retried, up to 16,384 rows or 8 MiB encoded.
type Writer struct {
	db       *bbolt.DB
	capacity int64

	mu     sync.Mutex // guards the following fields; never held during disk access
	run    soak.Run
	ids    map[soak.SeriesID]uint64
	names  []soak.SeriesID // by id-1
	scales []scale         // by id-1; replaced as a whole, so that a commit can keep reading the old one
	last   time.Duration
	batch  batch
	queue  []put // encoded values not yet on disk, oldest first
	rows   int   // in queue
	bytes  int   // in queue
	err    error // of the latest commit
	closed bool

	commits sync.Mutex // serializes commits, to keep their order
	recent  int        // rows in the bucket recent; guarded by commits

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

// put is a value to be appended to a bucket.
type put struct {
	bucket []byte
	value  []byte
	rows   int // of a chunk, else 0
}

// newWriter starts the writer of an open file that contains the named series and
// rows up to last.
func newWriter(db *bbolt.DB, run soak.Run, names []soak.SeriesID, last time.Duration, o Options) *Writer {
	w := &Writer{
		db:       db,
		capacity: o.capacity(),
		run:      run,
		ids:      map[soak.SeriesID]uint64{},
		last:     last,
		wake:     make(chan struct{}, 1),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	for _, n := range names {
		w.register(n)
	}
	go w.loop()
	return w
}

// register assigns an id to a series.
func (w *Writer) register(n soak.SeriesID) uint64 {
	w.names = append(w.names, n)
	w.scales = append(w.scales, scaleOf(metricOf(w.run.Metrics, n.Metric).Quantum))
	id := uint64(len(w.names))
	w.ids[n] = id
	return id
}

// Append adds a row. Rows must be in chronological order. The samples are copied. Of
// two samples of a series in one row, the later one counts.
func (w *Writer) Append(r soak.Row) error {
	if err := w.makeRoom(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	if r.At < w.last {
		return fmt.Errorf("store: invalid order of rows: %v after %v", r.At, w.last)
	}
	w.last = r.At
	w.batch.add(stampOf(r))
	for _, s := range r.Samples {
		w.batch.set(w.id(s.SeriesID), s.Value)
	}
	if len(w.batch.stamps) >= commitRows {
		w.encodeBatch()
		w.signal()
	}
	return w.err
}

// id returns the id of a series and registers a new series.
func (w *Writer) id(n soak.SeriesID) uint64 {
	if id, ok := w.ids[n]; ok {
		return id
	}
	value, _ := json.Marshal(n) // strings cannot fail to encode
	w.push(put{bucket: bucketSeries, value: value})
	return w.register(n)
}

// Note adds an event.
func (w *Writer) Note(e soak.Event) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("store: event %s: %w", e.Kind, err)
	}
	return w.keep(put{bucket: bucketEvents, value: b})
}

// PutHistogram adds a histogram, whose data must be base64.
func (w *Writer) PutHistogram(h soak.Histogram) error {
	b, err := encodeHistogram(h)
	if err != nil {
		return err
	}
	return w.keep(put{bucket: bucketHistograms, value: b})
}

// keep queues a value for the next commit.
func (w *Writer) keep(p put) error {
	if err := w.makeRoom(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	w.push(p)
	return w.err
}

// makeRoom makes room in a full queue: it commits at once if rows arrive faster than
// they are written, and returns an error if writing fails.
func (w *Writer) makeRoom() error {
	w.mu.Lock()
	full, err := w.rows >= queueRows || w.bytes >= queueBytes, w.err
	w.mu.Unlock()
	switch {
	case !full:
		return nil
	case err != nil:
		return fmt.Errorf("the queue is full: %w", err)
	}
	return w.Flush()
}

// push queues a value. The caller holds mu.
func (w *Writer) push(p put) {
	w.queue = append(w.queue, p)
	w.rows += p.rows
	w.bytes += len(p.value)
}

// encodeBatch queues the rows collected so far. The caller holds mu.
func (w *Writer) encodeBatch() {
	if n := len(w.batch.stamps); n > 0 {
		w.push(put{bucket: bucketRecent, value: w.batch.encode(w.scales), rows: n})
	}
}

// signal asks for a commit soon.
func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run returns the head as set last.
func (w *Writer) Run() soak.Run {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.run
}

// SetRun replaces the head. The new one is on disk when SetRun returns.
func (w *Writer) SetRun(run soak.Run) error {
	err := w.commit(func(tx *bbolt.Tx) error { return putRun(tx, run) })
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run = run
	w.scales = make([]scale, len(w.names))
	for i, n := range w.names {
		w.scales[i] = scaleOf(metricOf(run.Metrics, n.Metric).Quantum)
	}
	return nil
}

// Flush writes everything queued so far to disk.
func (w *Writer) Flush() error { return w.commit(nil) }

// WriteTo flushes and then writes a consistent copy of the file to to. Other
// goroutines can keep appending meanwhile. It implements [io.WriterTo].
func (w *Writer) WriteTo(to io.Writer) (n int64, err error) {
	if err := w.Flush(); err != nil {
		return 0, err
	}
	err = w.db.View(func(tx *bbolt.Tx) error {
		n, err = tx.WriteTo(to)
		return err
	})
	if err != nil {
		return n, fmt.Errorf("store: copy of %s: %w", w.db.Path(), err)
	}
	return n, nil
}

// Close seals all rows and closes the file. Closing it again has no effect;
// using the writer afterwards is an error.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	scales := w.scales
	w.mu.Unlock()
	close(w.stop)
	<-w.done
	err := w.commit(func(tx *bbolt.Tx) error { return seal(tx, scales) })
	return errors.Join(err, w.db.Close())
}

// loop commits at intervals until the writer is closed.
func (w *Writer) loop() {
	defer close(w.done)
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.wake:
		case <-w.stop:
			return
		}
		_ = w.Flush() // the next Append returns the error
	}
}

// take returns the values to commit now.
func (w *Writer) take() ([]put, []scale) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.encodeBatch()
	return slices.Clone(w.queue), w.scales
}

// settle removes committed values from the queue.
func (w *Writer) settle(puts []put, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	if err != nil {
		return
	}
	for _, p := range puts {
		w.rows -= p.rows
		w.bytes -= len(p.value)
	}
	w.queue = slices.Delete(w.queue, 0, len(puts))
}
