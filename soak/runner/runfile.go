package runner

import (
	"io"
	"sync"
	"time"

	"soakmon/soak"
	"soakmon/soak/control"
	"soakmon/soak/engine"
	"soakmon/store"
)

// runFile is the run file being written, with what the control socket reports about
// it. It is the engine's recorder and the sinks' outbox.
type runFile struct {
	*store.Writer
	path   string
	raised chan struct{} // wakes the sinks

	mu     sync.Mutex
	status engine.Status // newest
}

func newRunFile(w *store.Writer, path string) *runFile {
	return &runFile{Writer: w, path: path, raised: make(chan struct{}, 1)}
}

// Enqueue keeps an alert and wakes the sinks.
func (f *runFile) Enqueue(a soak.Alert) error {
	if err := f.Writer.Enqueue(a); err != nil {
		return err
	}
	select {
	case f.raised <- struct{}{}:
	default: // they are awake already
	}
	return nil
}

// publish sends the status of the run to the readers of the control socket.
func (f *runFile) publish(s engine.Status, socket *control.Server) {
	f.mu.Lock()
	f.status = s
	f.mu.Unlock()
	socket.Publish(s)
}

// noteNow keeps an event of somebody who does not know the run's line.
func (f *runFile) noteNow(e soak.Event) {
	e.At = time.Since(f.Run().Start).Truncate(time.Millisecond)
	_ = f.Note(e) // the next row fails as well, and ends the run
}

func (f *runFile) handlers(orders Orders) control.Handlers {
	return control.Handlers{
		Status: func() any {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.status
		},
		Copy: func(w io.Writer) error { _, err := f.WriteTo(w); return err },
		Do:   orders.Do,
	}
}
