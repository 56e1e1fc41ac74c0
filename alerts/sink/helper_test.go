package sink

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"soakmon/soak"
)

// box is an outbox in memory.
type box struct {
	mu     sync.Mutex
	alerts []soak.Alert
	done   map[string][]uint64
	broken bool // nothing can be noted
}

func boxOf(n int) *box {
	b := &box{done: map[string][]uint64{}}
	for range n {
		b.add()
	}
	return b
}

func (b *box) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := someAlert()
	a.ID = uint64(len(b.alerts) + 1)
	b.alerts = append(b.alerts, a)
}

func (b *box) Undelivered(sink string) ([]soak.Alert, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.alerts), func(a soak.Alert) bool {
		return slices.Contains(b.done[sink], a.ID)
	}), nil
}

func (b *box) Delivered(sink string, id uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errors.New("the disk is full")
	}
	b.done[sink] = append(b.done[sink], id)
	return nil
}

func (b *box) delivered(sink string) []uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.done[sink])
}

func someAlert() soak.Alert {
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	return soak.Alert{
		ID: 7, Run: "20260301T020000Z-nginx-ab12", Rule: "fds", Severity: "critical", State: soak.Firing,
		Process: "target", Metric: "fds", Unit: "count", Since: at, At: at.Add(time.Minute),
		Growth: soak.Growth{Slope: 7200, Lo: 7100, Hi: 7300}, Last: 1234, Reason: "rose 7,200/h",
	}
}

// events gathers what is reported.
type events struct {
	mu  sync.Mutex
	all []soak.Event
}

func (e *events) report(ev soak.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) list() []soak.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all)
}

// receiver is a real HTTP server that answers as told and keeps what it got.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []map[string]any
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	t.Helper()
	re := &receiver{}
	re.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		var body map[string]any
		_ = json.Unmarshal(data, &body)
		re.mu.Lock()
		re.requests, re.bodies = append(re.requests, r), append(re.bodies, body)
		n := len(re.requests)
		re.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(re.Close)
	return re
}

func (re *receiver) count() int {
	re.mu.Lock()
	defer re.mu.Unlock()
	return len(re.requests)
}

func (re *receiver) keys() []string {
	re.mu.Lock()
	defer re.mu.Unlock()
	var keys []string
	for _, r := range re.requests {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
	}
	return keys
}

func openSink(t *testing.T, kind, options string) Sink {
	t.Helper()
	s, err := New(soak.SinkSpec{Type: kind, Options: soak.Options{JSON: json.RawMessage(options)}}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
