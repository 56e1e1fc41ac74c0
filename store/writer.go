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
	commitEvery = 2 * time.Second // what a kill may cost
	commitRows  = 256             // and how many rows
	queueRows   = 16 << 10        // rows kept while the disk refuses them
	queueBytes  = 8 << 20         // likewise, of everything
)

// Writer writes a run's file. Its methods may be called from any goroutine.
//
// Append, Note and PutHistogram only hand over: a goroutine of the writer's own
// commits. Where that fails they return its error until it works again; what
// they were given is kept and tried again, up to 16,384 rows or 8 MiB, packed.
type Writer struct {
	db       *bbolt.DB
	capacity int64

	mu     sync.Mutex // guards the following, is never held while the disk works
	run    soak.Run
	ids    map[soak.SeriesID]uint64
	names  []soak.SeriesID // by id-1
	scales []scale         // by id-1; replaced as a whole, so that commits can read on
	last   time.Duration
	batch  batch
	queue  []put // what is coded and not on disk, oldest first
	rows   int   // in queue
	bytes  int   // in queue
	err    error // of the newest commit
	closed bool

	commits sync.Mutex // one commit at a time, so that their order stays
	recent  int        // rows in the bucket recent; guarded by commits

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

// put is a value to be appended to a bucket.
type put struct {
	bucket []byte
	value  []byte
	rows   int // where it is a chunk
}

// newWriter starts the writer of an open file that has the named series, and
// rows until last.
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
		w.learn(n)
	}
	go w.loop()
	return w
}

// learn gives a series its id.
func (w *Writer) learn(n soak.SeriesID) uint64 {
	w.names = append(w.names, n)
	w.scales = append(w.scales, scaleOf(metricOf(w.run.Metrics, n.Metric).Quantum))
	id := uint64(len(w.names))
	w.ids[n] = id
	return id
}

// Append adds a row. Rows must come in the order of time; the samples are
// copied. Of two samples of one series in a row the later counts.
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
		return fmt.Errorf("store: a row at %v after one at %v", r.At, w.last)
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

// id returns the id of a series, a new one for a new series.
func (w *Writer) id(n soak.SeriesID) uint64 {
	if id, ok := w.ids[n]; ok {
		return id
	}
	value, _ := json.Marshal(n) // strings cannot fail to encode
	w.push(put{bucket: bucketSeries, value: value})
	return w.learn(n)
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

// makeRoom sees to it that the queue takes more: it commits at once where rows
// come faster than the disk takes them, and refuses where the disk does.
func (w *Writer) makeRoom() error {
	w.mu.Lock()
	full, err := w.rows >= queueRows || w.bytes >= queueBytes, w.err
	w.mu.Unlock()
	switch {
	case !full:
		return nil
	case err != nil:
		return fmt.Errorf("refused, too much waits for the disk: %w", err)
	}
	return w.Flush()
}

// push queues a value. The caller holds mu, as of all that follow here.
func (w *Writer) push(p put) {
	w.queue = append(w.queue, p)
	w.rows += p.rows
	w.bytes += len(p.value)
}

// encodeBatch queues the rows gathered so far.
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

// Run returns the head as it was set last.
func (w *Writer) Run() soak.Run {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.run
}

// SetRun replaces the head; it is on disk when this returns.
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

// Flush puts everything so far on disk.
func (w *Writer) Flush() error { return w.commit(nil) }

// WriteTo flushes and then writes a consistent copy of the file, while others go
// on writing to it. It implements [io.WriterTo].
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

// Close seals all rows and closes the file. To close twice is harmless, to use
// the writer afterwards is an error.
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

// loop commits from time to time until the writer is closed.
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
		_ = w.Flush() // told by the next Append
	}
}

// take returns what is to be committed now.
func (w *Writer) take() ([]put, []scale) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.encodeBatch()
	return slices.Clone(w.queue), w.scales
}

// settle takes what was committed off the queue.
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
