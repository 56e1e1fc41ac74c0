package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"soakmon/soak"
	"sync"
	"time"
)

const (
	mostViewers = 200
	behind      = 4                // events that a viewer may be late; then it misses some
	stall       = 10 * time.Second // one write to a viewer may take
	beat        = 15 * time.Second // between signs of life
)

// lives passes the live status of runs on: one connection to each monitor,
// however many look.
type lives struct {
	runs Runs

	mu      sync.Mutex
	streams map[string]*stream
	viewers int
}

type stream struct {
	viewers map[chan []byte]struct{}
	last    []byte
	stop    context.CancelFunc
}

func newLives(runs Runs) *lives { return &lives{runs: runs, streams: map[string]*stream{}} }

// join gives a channel that begins with the newest status and closes when the
// run ends.
func (l *lives) join(id string) (chan []byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.viewers >= mostViewers {
		return nil, fmt.Errorf("there are %d viewers already", mostViewers)
	}
	s := l.streams[id]
	if s == nil {
		ctx, stop := context.WithCancel(context.Background())
		s = &stream{viewers: map[chan []byte]struct{}{}, stop: stop}
		l.streams[id] = s
		go l.follow(ctx, id, s)
	}
	c := make(chan []byte, behind)
	if s.last != nil {
		c <- s.last
	}
	s.viewers[c] = struct{}{}
	l.viewers++
	return c, nil
}

func (l *lives) leave(id string, c chan []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.viewers--
	if s := l.streams[id]; s != nil {
		delete(s.viewers, c)
		if len(s.viewers) == 0 {
			s.stop()
			delete(l.streams, id)
		}
	}
}

// follow reads one monitor until nobody looks or the run ends.
func (l *lives) follow(ctx context.Context, id string, s *stream) {
	defer s.stop()
	for data, err := range l.runs.Live(ctx, id) {
		if err != nil {
			break
		}
		l.publish(s, append([]byte(nil), data...))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range s.viewers {
		close(c)
	}
	clear(s.viewers)
	if l.streams[id] == s {
		delete(l.streams, id)
	}
}

func (l *lives) publish(s *stream, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.last = data
	for c := range s.viewers {
		select {
		case c <- data:
		default: // it misses this one
		}
	}
}

// live sends server-sent events (WHATWG HTML, 9.2) until either side ends.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	events, err := s.lives.join(id)
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer s.lives.leave(id, events)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	send := func(format string, args ...any) error {
		_ = out.SetWriteDeadline(time.Now().Add(stall))
		_, err := fmt.Fprintf(w, format, args...)
		return errors.Join(err, out.Flush())
	}
	alive := time.NewTicker(beat)
	defer alive.Stop()
	err = send(": soak\n\n")
	for err == nil {
		select {
		case data, ok := <-events:
			if !ok {
				_ = send("event: end\ndata: {}\n\n")
				return
			}
			err = send("data: %s\n\n", data)
		case <-alive.C:
			err = send(": still here\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

// do gives a running run an order.
func (s *Server) do(w http.ResponseWriter, r *http.Request) {
	if err := s.runs.Do(r.Context(), r.PathValue("id"), soak.Order(r.PathValue("action"))); err != nil {
		answer(w, nil, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
