package profiles

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
)

func heap(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&out, 0); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPages_OpenAtFlameGraph(t *testing.T) {
	pages, err := Pages("heap growth", heap(t), heap(t))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/pprof/run/1-2", pages))
	defer server.Close()
	got, err := http.Get(server.URL + "/pprof/run/1-2/")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.Request.URL.Path != "/pprof/run/1-2/flamegraph" || got.StatusCode != http.StatusOK {
		t.Errorf("%s from %s", got.Status, got.Request.URL)
	}
	for path, want := range map[string]int{"top": 200, "download": 200, "source": 404, "disasm": 404, "saveconfig": 404} {
		answer, err := http.Get(server.URL + "/pprof/run/1-2/" + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, answer.Status, want)
		}
	}
}

func TestPages_GraphWithoutDot(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	pages, err := Pages("heap", heap(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, httptest.NewRequest("GET", "/graph", nil))
	if !strings.Contains(answer.Body.String(), "dot, which is not installed") || answer.Code != http.StatusNotImplemented {
		t.Errorf("%d: %s", answer.Code, answer.Body)
	}
}

func TestPages_InvalidProfile(t *testing.T) {
	if _, err := Pages("junk", []byte("junk"), nil); err == nil {
		t.Error("junk was served as a profile")
	}
}
