package page

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"soakmon/store"
)

// The server opens a run again for every request after a failed one, and first
// closes what the failed one left.
func TestServe_RunThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "damaged"+store.Ext), []byte("not a run"), 0o600); err != nil {
		t.Fatal(err)
	}
	base := serve(t, dir)
	for path, want := range map[string]int{
		"missing/summary":              http.StatusNotFound,
		"missing/board":                http.StatusNotFound,
		"..%2F..%2Fetc%2Fpasswd/board": http.StatusNotFound,
		"damaged/summary":              http.StatusInternalServerError,
	} {
		for i := range 3 {
			answer, err := http.Get(base + "/api/runs/" + path)
			if err != nil {
				t.Fatalf("%s, request %d: %v", path, i+1, err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != want || !strings.Contains(string(body), `"error"`) {
				t.Errorf("%s, request %d: %s, %s, %v; want %d", path, i+1, answer.Status, body, err, want)
			}
		}
	}
}

// serve serves a folder until the test ends, and returns the address without the
// token.
func serve(t *testing.T, dir string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, dir, "127.0.0.1:0", "test", in) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	base, _, _ := strings.Cut(line, "/?token=")
	return base
}
