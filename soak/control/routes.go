package control

import (
	"encoding/json"
	"net/http"
	"soakmon/soak"
	"time"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("GET /copy", s.copy)
	mux.HandleFunc("GET /live", s.live)
	for _, o := range soak.RemoteOrders {
		mux.HandleFunc("POST /"+string(o), func(w http.ResponseWriter, r *http.Request) { s.do(w, r, o) })
	}
	return mux
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	data, err := json.Marshal(s.handlers.Status())
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // it fails only if the reader has gone
}

func (s *Server) do(w http.ResponseWriter, r *http.Request, o soak.Order) {
	if err := s.handlers.Do(r.Context(), o); err != nil {
		fail(w, http.StatusConflict, err.Error())
		return
	}
	deadline(w)
	w.WriteHeader(http.StatusNoContent)
}

// copy waits for its turn. If a copy fails halfway it aborts the connection, so that
// the reader notices.
func (s *Server) copy(w http.ResponseWriter, r *http.Request) {
	turn := time.NewTimer(copyWait)
	defer turn.Stop()
	select {
	case s.copies <- struct{}{}:
		defer func() { <-s.copies }()
	case <-turn.C:
		fail(w, http.StatusServiceUnavailable, "another copy is in progress: try again later")
		return
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	out := &limited{w: w, end: time.Now().Add(copyTimeout)}
	if err := s.handlers.Copy(out); err != nil {
		if !out.begun {
			fail(w, http.StatusInternalServerError, err.Error())
			return
		}
		panic(http.ErrAbortHandler)
	}
}

// limited gives every write to a reader a time-out, and all of them a deadline: a
// stalled reader must not keep a transaction open.
type limited struct {
	w     http.ResponseWriter
	end   time.Time
	begun bool
}

func (p *limited) Write(data []byte) (n int, err error) {
	for len(data) > 0 {
		part := data[:min(len(data), 1<<20)]
		p.begun = true
		until := time.Now().Add(writeTimeout)
		if until.After(p.end) {
			until = p.end
		}
		_ = http.NewResponseController(p.w).SetWriteDeadline(until)
		wrote, err := p.w.Write(part)
		n += wrote
		if err != nil {
			return n, err
		}
		data = data[len(part):]
	}
	return n, nil
}

func deadline(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // it cannot fail on a unix socket
}

// problem is the body of an error.
type problem struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, status int, text string) {
	deadline(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{text}) // it fails only if the reader has gone
}
