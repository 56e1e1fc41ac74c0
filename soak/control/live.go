package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// viewers are the readers of /live. The zero value is empty.
type viewers struct {
	mu     sync.Mutex
	all    map[chan []byte]struct{}
	last   any // status; nil before the first
	closed bool
}

// Publish sends a new status to all viewers. The caller must not modify it
// afterwards. Publish never waits: a viewer with too large a backlog is dropped.
// Without viewers it encodes nothing.
func (s *Server) Publish(status any) { s.viewers.publish(status) }

func (v *viewers) publish(status any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last = status
	if len(v.all) == 0 {
		return
	}
	data := encode(status)
	for c := range v.all {
		select {
		case c <- data:
		default:
			v.drop(c)
		}
	}
}

// encode writes a status as JSON on one line, since a line feed would end the
// event.
func encode(status any) []byte {
	data, err := json.Marshal(status)
	if err != nil {
		data, _ = json.Marshal(map[string]string{"error": err.Error()})
	}
	return data
}

// drop removes a viewer. The caller holds the lock.
func (v *viewers) drop(c chan []byte) {
	if _, ok := v.all[c]; ok {
		delete(v.all, c)
		close(c)
	}
}

// join returns a channel that begins with the newest status and is closed when the
// viewer is dropped, or nil if there are too many viewers.
func (v *viewers) join() chan []byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || len(v.all) >= maxViewers {
		return nil
	}
	if v.all == nil {
		v.all = map[chan []byte]struct{}{}
	}
	c := make(chan []byte, maxBacklog)
	if v.last != nil {
		c <- encode(v.last)
	}
	v.all[c] = struct{}{}
	return c
}

func (v *viewers) leave(c chan []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(c)
}

func (v *viewers) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for c := range v.all {
		v.drop(c)
	}
}

// live sends server-sent events (WHATWG HTML, 9.2) until either side ends.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	events := s.viewers.join()
	if events == nil {
		fail(w, http.StatusServiceUnavailable, fmt.Sprintf("too many viewers (%d): close another one", maxViewers))
		return
	}
	defer s.viewers.leave(events)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	for {
		deadline(w)
		if flush.Flush() != nil {
			return
		}
		select {
		case data, ok := <-events:
			if !ok {
				return
			}
			deadline(w)
			if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
