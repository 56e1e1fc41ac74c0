package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
)

const testID = "20260301T020000Z-nginx-1.24-ab12"

// monitor is a running server for a test, with the orders that it received.
type monitor struct {
	*Server
	path string       // of the run file
	stop func() error // closes the server, once

	mu    sync.Mutex
	asked []string
}

// serve runs a monitor's server in dir. At its end the test checks that no goroutine
// is left.
func serve(t *testing.T, dir string, copyTo func(io.Writer) error) *monitor {
	t.Helper()
	before := runtime.NumGoroutine()
	m := &monitor{path: filepath.Join(dir, testID+".soak")}
	s, err := Serve(dir, testID, Handlers{
		Status: func() any { return map[string]any{"elapsed_s": 12} },
		Copy:   copyTo,
		Do: func(_ context.Context, action soak.Order) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.asked = append(m.asked, string(action))
			if action == soak.OrderRest {
				return errors.New("already resting")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Server, m.stop = s, sync.OnceValue(s.Close)
	t.Cleanup(func() {
		if err := m.stop(); err != nil {
			t.Error(err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*.sock")); err != nil || left != nil {
			t.Error("left behind:", left, err)
		}
		until(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	})
	return m
}

func dial(t *testing.T, m *monitor) *Client {
	t.Helper()
	c, err := Dial(m.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1500 {
		if ok() {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Fatalf("timed out waiting for %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
}

// longFolder has a path far beyond 108 bytes.
func longFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-name-", 20), strings.Repeat("longer-", 20))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestServe_FolderWithLongPath(t *testing.T) {
	m := serve(t, longFolder(t), func(w io.Writer) error { _, err := w.Write([]byte("the file")); return err })
	c := dial(t, m)
	var status struct {
		Elapsed int `json:"elapsed_s"`
	}
	if err := c.Status(t.Context(), &status); err != nil || status.Elapsed != 12 {
		t.Error(status, err)
	}
	var out bytes.Buffer
	if err := c.Copy(t.Context(), &out); err != nil || out.String() != "the file" {
		t.Error(out.String(), err)
	}
	for _, action := range []soak.Order{soak.OrderPause, soak.OrderResume, soak.OrderSnapshot, soak.OrderStop} {
		if err := c.Do(t.Context(), action); err != nil {
			t.Error(action, err)
		}
	}
	if err := c.Do(t.Context(), soak.OrderRest); err == nil || !strings.Contains(err.Error(), "already resting") {
		t.Error(err)
	}
	if err := c.Do(t.Context(), "explode"); err == nil || !strings.Contains(err.Error(), "unknown order") {
		t.Error(err)
	}
	if got := strings.Join(m.asked, " "); got != "pause resume snapshot stop rest" {
		t.Error(got)
	}
}

func TestServe_SocketMode(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, nil)
	info, err := os.Stat(filepath.Join(dir, testID+".sock"))
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Error(info.Mode(), err)
	}
}

func TestServe_SocketOfDeadMonitor(t *testing.T) {
	dir := t.TempDir()
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, testID+".sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if _, err := Dial(filepath.Join(dir, testID+".soak")); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
	m := serve(t, dir, nil)
	if err := dial(t, m).Do(t.Context(), soak.OrderPause); err != nil {
		t.Error(err)
	}
}

func TestServe_SocketOfLiveMonitor(t *testing.T) {
	m := serve(t, t.TempDir(), nil)
	if _, err := Serve(filepath.Dir(m.path), testID, Handlers{}); !errors.Is(err, ErrRunning) {
		t.Error(err)
	}
	if err := dial(t, m).Do(t.Context(), soak.OrderPause); err != nil {
		t.Error(err)
	}
}

func TestServe_FileInPlaceOfSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, testID+".sock")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Serve(dir, testID, Handlers{}); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
		t.Error(data, err)
	}
	if _, err := Serve(filepath.Join(dir, "missing"), testID, Handlers{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Dial(filepath.Join(dir, "missing", "x.soak")); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
}

func TestCopy_OneAtATime(t *testing.T) {
	var mu sync.Mutex
	under, most := 0, 0
	m := serve(t, t.TempDir(), func(w io.Writer) error {
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		_, err := w.Write(make([]byte, 3<<20))
		mu.Lock()
		under--
		mu.Unlock()
		return err
	})
	c := dial(t, m)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var out bytes.Buffer
			if err := c.Copy(t.Context(), &out); err != nil || out.Len() != 3<<20 {
				t.Error(out.Len(), err)
			}
		})
	}
	all.Wait()
	if most != 1 {
		t.Errorf("%d copies at once", most)
	}
}

func TestCopy_Broken(t *testing.T) {
	var begin atomic.Int64 // bytes before it breaks
	m := serve(t, t.TempDir(), func(w io.Writer) error {
		_, _ = w.Write(make([]byte, begin.Load()))
		return errors.New("the disk is gone")
	})
	c := dial(t, m)
	if err := c.Copy(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
	begin.Store(10)
	if err := c.Copy(t.Context(), io.Discard); err == nil {
		t.Error("half a copy is accepted as a whole one")
	}
	begin.Store(2 << 20)
	if err := c.Copy(t.Context(), io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestClose_EndsStalledCopy(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	m := serve(t, t.TempDir(), func(w io.Writer) error {
		close(begun)
		_, err := io.Copy(w, neverEnding{})
		ended <- err
		return err
	})
	conn := ask(t, m, "GET /copy HTTP/1.1\r\nHost: x\r\n\r\n")
	defer conn.Close()
	<-begun
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("an endless copy ended without an error")
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// ask sends a raw request and reads nothing.
func ask(t *testing.T, m *monitor, request string) net.Conn {
	t.Helper()
	dir, name := socketOf(m.path)
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	conn, err := dialIn(t.Context(), folder, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestLive_EveryChange(t *testing.T) {
	m := serve(t, t.TempDir(), nil)
	m.Publish(json.RawMessage("{\n\"n\": 0}"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for data, err := range dial(t, m).Live(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{"n":%d}`, n); string(data) != want {
			t.Fatalf("got %s, want %s", data, want)
		}
		if n++; n == 10 {
			break
		}
		m.Publish(map[string]int{"n": n})
	}
	if n != 10 {
		t.Errorf("saw %d changes", n)
	}
}

func TestLive_StalledViewersAreDropped(t *testing.T) {
	m := serve(t, t.TempDir(), nil)
	for range 50 {
		conn := ask(t, m, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
		defer conn.Close()
	}
	until(t, "50 viewers", func() bool { return m.watching() == 50 })
	seen := make(chan int, 1)
	got := make(chan struct{}, 1)
	go func() {
		n := 0
		for range dial(t, m).Live(t.Context()) {
			n++
			got <- struct{}{}
		}
		seen <- n
	}()
	until(t, "the good viewer", func() bool { return m.watching() == 51 })
	large := strings.Repeat(" ", 100<<10)
	for range 30 {
		m.Publish(large)
		<-got
	}
	if n := m.watching(); n != 1 {
		t.Errorf("%d viewers remain", n)
	}
	if err := dial(t, m).Do(t.Context(), soak.OrderPause); err != nil {
		t.Error(err)
	}
	m.viewers.close()
	if n := <-seen; n != 30 {
		t.Errorf("the good viewer saw %d of 30", n)
	}
}

func (m *monitor) watching() int {
	m.viewers.mu.Lock()
	defer m.viewers.mu.Unlock()
	return len(m.viewers.all)
}

func TestLive_TooManyViewers(t *testing.T) {
	m := serve(t, t.TempDir(), nil)
	for range maxViewers {
		defer ask(t, m, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n").Close()
	}
	until(t, "all viewers", func() bool { return m.watching() == maxViewers })
	for _, err := range dial(t, m).Live(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "too many viewers (64)") {
			t.Error(err)
		}
	}
	var status any
	if err := dial(t, m).Status(t.Context(), &status); err != nil {
		t.Error(err)
	}
}

func TestLive_EndsWithRun(t *testing.T) {
	m := serve(t, t.TempDir(), nil)
	c := dial(t, m)
	done := make(chan error, 1)
	go func() {
		var last error
		for _, err := range c.Live(t.Context()) {
			last = err
		}
		done <- last
	}()
	until(t, "the viewer", func() bool { return m.watching() == 1 })
	m.viewers.close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServer_UnknownRequests(t *testing.T) {
	m := serve(t, t.TempDir(), nil)
	for request, want := range map[string]string{
		"GET /stop":    "405",
		"POST /status": "405",
		"GET /":        "404",
	} {
		conn := ask(t, m, request+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+want) {
			t.Errorf("%s: %.30s %v", request, answer, err)
		}
		conn.Close()
	}
	if len(m.asked) > 0 {
		t.Error(m.asked)
	}
}
