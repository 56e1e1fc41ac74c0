package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/report"
)

// none is a folder in which no run can be opened, with a monitor that takes
// commands.
type none struct {
	did  []string
	live chan []byte
}

func (n *none) List() ([]Entry, error) {
	return []Entry{{ID: "x", Name: "<b>", Start: time.Unix(0, 0), Size: 1}}, nil
}

// unopened is the run of a failed Open: calling a method through a nil pointer to
// it panics.
type (
	anyRun   interface{ Run }
	unopened struct{ anyRun }
)

func (n *none) Open(id string) (Run, error) {
	var failed *unopened // as an interface it is not nil
	if id == "broken" {
		return failed, errors.New("the file is damaged")
	}
	return failed, fmt.Errorf("open %s: %w", id, fs.ErrNotExist)
}
func (n *none) Live(ctx context.Context, _ string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for {
			select {
			case data, ok := <-n.live:
				if !ok || !yield(data, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
func (n *none) Do(_ context.Context, id string, o soak.Order) error {
	n.did = append(n.did, id+" "+string(o))
	return nil
}

func start(t *testing.T, open bool) (*none, *httptest.Server) {
	t.Helper()
	runs := &none{live: make(chan []byte)}
	server := httptest.NewUnstartedServer(nil)
	o := Options{Token: "secret"}
	if open {
		o.Hosts = []string{server.Listener.Addr().String()}
	}
	server.Config.Handler = New(runs, func(Run) (report.Report, error) { return report.Report{}, nil }, o)
	server.Start()
	t.Cleanup(server.Close)
	return runs, server
}

// ask makes a request without following redirections.
func ask(t *testing.T, method, address string, change func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func withToken(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: "secret"}) }

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestServer_Access(t *testing.T) {
	_, loopback := start(t, true)
	_, public := start(t, false)
	own := func(s *httptest.Server) string { return s.URL }
	for _, c := range []struct {
		name   string
		server *httptest.Server
		method string
		path   string
		change func(*http.Request)
		want   int
	}{
		{"page on loopback without token", loopback, "GET", "/", nil, 200},
		{"data on loopback without token", loopback, "GET", "/api/runs", nil, 200},
		{"command without token", loopback, "POST", "/api/runs/x/stop", nil, 401},
		{"command with a wrong token", loopback, "POST", "/api/runs/x/stop", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: "guess"}) }, 401},
		{"command with the token", loopback, "POST", "/api/runs/x/stop", withToken, 204},
		{"another Host header", loopback, "GET", "/", func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"another site", loopback, "GET", "/api/runs", header("Origin", "http://evil.example"), 403},
		{"another site with the cookie", loopback, "POST", "/api/runs/x/stop", func(r *http.Request) { withToken(r); r.Header.Set("Origin", "http://evil.example") }, 403},
		{"a sandboxed frame", loopback, "POST", "/api/runs/x/stop", func(r *http.Request) { withToken(r); r.Header.Set("Origin", "null") }, 403},
		{"an image on another site", loopback, "GET", "/api/runs", header("Sec-Fetch-Site", "cross-site"), 403},
		{"a link on another site", loopback, "GET", "/", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "navigate")
		}, 200},
		{"the page itself", loopback, "POST", "/api/runs/x/rest", func(r *http.Request) { withToken(r); r.Header.Set("Origin", own(loopback)) }, 204},
		{"page on a public address without token", public, "GET", "/", nil, 401},
		{"style on a public address without token", public, "GET", "/assets/style.css", nil, 401},
		{"data on a public address with the token", public, "GET", "/api/runs", withToken, 200},
		{"missing run", loopback, "GET", "/api/runs/x/board", nil, 404},
		{"broken run", loopback, "GET", "/api/runs/broken/board", nil, 500},
		{"path out of the folder", loopback, "GET", "/api/runs/..%2F..%2Fetc%2Fpasswd/board", nil, 404},
		{"unknown path", loopback, "GET", "/etc/passwd", nil, 404},
	} {
		if got := ask(t, c.method, c.server.URL+c.path, c.change); got.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.name, got.Status, c.want)
		}
	}
}

// Every request reopens the run and discards the last attempt.
func TestServer_RunThatCannotBeOpened(t *testing.T) {
	_, server := start(t, true)
	for id, want := range map[string]struct {
		status int
		body   string
	}{
		"gone":   {http.StatusNotFound, `no such run: \"gone\"`},
		"broken": {http.StatusInternalServerError, "the file is damaged"},
	} {
		for i := range 3 {
			answer := ask(t, "GET", server.URL+"/api/runs/"+id+"/summary", nil)
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != want.status || !strings.Contains(string(body), want.body) {
				t.Errorf("request %d for %s: %s, %s, %v; want %d, %s", i+1, id, answer.Status, body, err, want.status, want.body)
			}
		}
	}
	for range 3 {
		answer := ask(t, "GET", server.URL+"/api/compare?run=gone&run=broken", nil)
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("compare with a missing run: %s", answer.Status)
		}
	}
}

func TestAdmit_TokenMovesIntoCookie(t *testing.T) {
	_, server := start(t, false)
	answer := ask(t, "GET", server.URL+"/run/x?token=secret&a=b", nil)
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/run/x?a=b" {
		t.Errorf("%s to %s", answer.Status, answer.Header.Get("Location"))
	}
	if c := answer.Cookies(); len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode {
		t.Errorf("cookies %v", c)
	}
	for _, path := range []string{"/?token=wrong", "//evil.example/?token=secret"} {
		answer := ask(t, "GET", server.URL+path, nil)
		to, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || to.Host != "" {
			t.Errorf("%s leads to %q", path, answer.Header.Get("Location"))
		}
		if path == "/?token=wrong" && len(answer.Cookies()) > 0 {
			t.Error("a wrong token got a cookie")
		}
	}
}

func TestGuard_ContentSecurityPolicy(t *testing.T) {
	_, server := start(t, true)
	for path, want := range map[string]string{"/": policy, "/run/x": policy, "/compare": policy, "/history/x": policy, "/assets/page.js": policy, "/pprof/x/1-2/": pprofPolicy} {
		answer := ask(t, "GET", server.URL+path, nil)
		if got := answer.Header.Get("Content-Security-Policy"); got != want || strings.Contains(got, "http") {
			t.Errorf("%s has the policy %q", path, got)
		}
	}
	answer := ask(t, "GET", server.URL+"/history/%3Cscript%3Ealert(1)%3C%2Fscript%3E", nil)
	if body, _ := io.ReadAll(answer.Body); strings.Contains(string(body), "<script>alert") {
		t.Error("a name became a script")
	}
}

func TestLives_OneConnectionForAllViewers(t *testing.T) {
	runs, server := start(t, true)
	var viewers []*http.Response
	for range 20 {
		viewers = append(viewers, ask(t, "GET", server.URL+"/api/runs/x/live", nil))
	}
	runs.live <- []byte(`{"phase":"steady"}`)
	close(runs.live)
	for i, v := range viewers {
		body, err := io.ReadAll(v.Body)
		if err != nil || !strings.Contains(string(body), "data: {\"phase\":\"steady\"}\n\n") || !strings.HasSuffix(string(body), "event: end\ndata: {}\n\n") {
			t.Errorf("viewer %d read %q, %v", i, body, err)
		}
	}
}
