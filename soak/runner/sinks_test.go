package runner

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/store"
)

// The last look of a run resolves an alert, and the sinks stop at once after it.
func TestStartSinks_DeliverResolveAtTheEnd(t *testing.T) {
	var mu sync.Mutex
	var got []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ State, Reason string }
		_ = json.NewDecoder(r.Body).Decode(&m)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, m.State+": "+m.Reason)
	}))
	defer hook.Close()
	options := soak.Options{JSON: json.RawMessage(fmt.Sprintf(`{"url": %q}`, hook.URL))}
	sinks, err := openSinks(soak.Plan{Sinks: []soak.SinkSpec{{Type: "webhook", Options: options}}}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.soak")
	w, err := store.Create(path, soak.Run{ID: "run", Start: time.Now()}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file := newRunFile(w, path)
	defer file.Close()
	stop := startSinks(t.Context(), sinks, file)
	alert := soak.Alert{Run: "run", Rule: "fds", Process: "target", Metric: "fds", Growth: soak.UnknownGrowth(), State: soak.Firing, Reason: "grows"}
	if err := file.Enqueue(alert); err != nil {
		t.Fatal(err)
	}
	alert.State, alert.Reason = soak.Resolved, "no longer grows faster than allowed"
	if err := file.Enqueue(alert); err != nil {
		t.Fatal(err)
	}
	stop()
	if want := []string{"firing: grows", "resolved: no longer grows faster than allowed"}; !slices.Equal(got, want) {
		t.Errorf("the webhook got %q, want %q", got, want)
	}
}
