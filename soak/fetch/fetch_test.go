package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// hostile is a server that misbehaves in the way its path says.
func hostile(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	handle := func(path string, f http.HandlerFunc) { mux.HandleFunc(path, f) }
	handle("/ok", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) })
	handle("/drip", func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				w.Write([]byte("x"))
				w.(http.Flusher).Flush()
			}
		}
	})
	handle("/hang", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	handle("/endless", func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	handle("/bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(make([]byte, 8<<20))
		z.Close()
	})
	handle("/html", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte("<p>no"))
	})
	handle("/fail", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "disk on fire\nsecond line", http.StatusInternalServerError)
	})
	handle("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:1/secret?token=x", http.StatusFound)
	})
	handle("/here", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	handle("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestGet_HostileServers(t *testing.T) {
	s := hostile(t)
	const short, long = 300 * time.Millisecond, 20 * time.Second
	tests := []struct {
		path string
		time time.Duration
		is   error
		text string
	}{
		{"/drip", short, context.DeadlineExceeded, "within 300ms"},
		{"/hang", short, context.DeadlineExceeded, "within 300ms"},
		{"/endless", long, ErrTooLarge, "more than 1048576 bytes"},
		{"/bomb", long, ErrTooLarge, "more than 1048576 bytes"},
		{"/away", long, nil, "another host: http://127.0.0.2:1/secret"},
		{"/loop", long, nil, "more than 5 times"},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			_, err := Get(t.Context(), s.URL+test.path+"?token=hunter2", Limits{Time: test.time, Bytes: 1 << 20})
			if err == nil || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), s.URL+test.path) {
				t.Fatalf("error %v, want one with %q and the URL", err, test.text)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v is not %v", err, test.is)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "token") {
				t.Errorf("error shows the query: %v", err)
			}
		})
	}
}

func TestGet_StatusError(t *testing.T) {
	_, err := Get(t.Context(), hostile(t).URL+"/fail?token=hunter2", Limits{Bytes: 1000})
	var status *StatusError
	if !errors.As(err, &status) || status.Code != 500 || status.Text != "disk on fire" {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error shows the query: %v", err)
	}
}

func TestGet_ContentType(t *testing.T) {
	s := hostile(t)
	if _, err := Get(t.Context(), s.URL+"/html", Limits{Bytes: 100, Type: "text/plain"}); !errors.Is(err, ErrType) {
		t.Errorf("html as text/plain: %v", err)
	}
	if _, err := Get(t.Context(), s.URL+"/html", Limits{Bytes: 100, Type: "text/html"}); err != nil {
		t.Errorf("html as text/html: %v", err)
	}
}

func TestGet_BodyAtLimit(t *testing.T) {
	s := hostile(t)
	if b, err := Get(t.Context(), s.URL+"/here", Limits{Bytes: 5}); err != nil || string(b) != "hello" {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := Get(t.Context(), s.URL+"/ok", Limits{Bytes: 4}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestGet_RefusedConnectionAndBadURL(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = Get(t.Context(), "http://user:hunter2@"+address+"/x?y=z", Limits{Bytes: 1})
	if !errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	_, err = Get(t.Context(), "http://user:hunter2@bad host/", Limits{Bytes: 1})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestClient_KeepsOneConnection(t *testing.T) {
	var opened, closed atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := NewClient()
	for range 20 {
		if _, err := c.Get(t.Context(), s.URL, Limits{Time: time.Second, Bytes: 5}); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("client opened %d connections for 20 fetches", n)
	}
	c.Close()
	for range 5 {
		if _, err := Get(t.Context(), s.URL, Limits{Time: time.Second, Bytes: 5}); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); closed.Load() != opened.Load(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d connections closed", closed.Load(), opened.Load())
		}
	}
}

func TestPublic_HidesSecrets(t *testing.T) {
	u, err := url.Parse("https://user:pass@host:1/a/b?token=1#frag")
	if err != nil {
		t.Fatal(err)
	}
	if got := Public(u); got != "https://host:1/a/b" {
		t.Error(got)
	}
}

func TestBelow_JoinsPathAndQuery(t *testing.T) {
	for base, want := range map[string]string{
		"http://h:1/debug/pprof":           "http://h:1/debug/pprof/heap?gc=1",
		"http://h:1/debug/pprof/":          "http://h:1/debug/pprof/heap?gc=1",
		"http://u:p@h/debug/pprof/?t=a%20": "http://u:p@h/debug/pprof/heap?gc=1&t=a+",
	} {
		got, err := Below(base, "heap", url.Values{"gc": {"1"}})
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", base, got, err, want)
		}
	}
	if _, err := Below("http://u:hunter2@bad host/", "", nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkClient_Get(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) }))
	defer s.Close()
	c := NewClient()
	defer c.Close()
	for b.Loop() {
		if _, err := c.Get(b.Context(), s.URL, Limits{Time: time.Second, Bytes: 5}); err != nil {
			b.Fatal(err)
		}
	}
}
