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
	maxViewers   = 200
	maxBacklog   = 4                // events that wait for a slow viewer; it misses further ones
	writeTimeout = 10 * time.Second // of one event to one viewer
	keepAlive    = 15 * time.Second // between comments that show that the stream is open
)

// lives forwards the live status of runs. It holds one connection to each
// monitor, whatever the number of viewers.
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

// join returns a channel that begins with the newest status and is closed when
// the run ends.
func (l *lives) join(id string) (chan []byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.viewers >= maxViewers {
		return nil, fmt.Errorf("too many viewers (%d): close another page", maxViewers)
	}
	s := l.streams[id]
	if s == nil {
		ctx, stop := context.WithCancel(context.Background())
		s = &stream{viewers: map[chan []byte]struct{}{}, stop: stop}
		l.streams[id] = s
		go l.follow(ctx, id, s)
	}
	c := make(chan []byte, maxBacklog)
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

// follow reads from one monitor until the last viewer leaves or the run ends.
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
		default: // a slow viewer misses this event
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
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := fmt.Fprintf(w, format, args...)
		return errors.Join(err, out.Flush())
	}
	ping := time.NewTicker(keepAlive)
	defer ping.Stop()
	err = send(": soak\n\n")
	for err == nil {
		select {
		case data, ok := <-events:
			if !ok {
				_ = send("event: end\ndata: {}\n\n")
				return
			}
			err = send("data: %s\n\n", data)
		case <-ping.C:
			err = send(": keep-alive\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

// do gives an order to the monitor of a running run.
func (s *Server) do(w http.ResponseWriter, r *http.Request) {
	if err := s.runs.Do(r.Context(), r.PathValue("id"), soak.Order(r.PathValue("action"))); err != nil {
		answer(w, nil, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
