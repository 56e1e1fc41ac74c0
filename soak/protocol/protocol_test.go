package protocol_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/protocol"
)

func TestNames_EachDescribed(t *testing.T) {
	for _, name := range protocol.Names() {
		p, ok := protocol.Lookup(name)
		if !ok || p.Help == "" || len(p.Networks) == 0 || len(p.Dirty) == 0 || p.Open == nil || p.Serve == nil || p.Transport == nil {
			t.Errorf("%s is not whole: %+v", name, p)
		}
		for _, o := range p.Options {
			if o.Name == "" || o.Help == "" || o.Type == "" || o.Side == "" {
				t.Errorf("%s: option %+v", name, o)
			}
		}
	}
	if _, err := protocol.Open(soak.Workload{Protocol: "morse"}); err == nil || !strings.Contains(err.Error(), "tcp") {
		t.Errorf("unknown protocol: %v", err)
	}
}

func TestOpen_RefusesInvalidPlans(t *testing.T) {
	for want, w := range map[string]soak.Workload{
		"p.yaml:7: options.colour: unknown key":                             {Protocol: "http", Address: "a:1", Options: at(`{"colour":1}`)},
		"p.yaml:7: options.version: invalid value \"h4\": use h1, h2 or h3": {Protocol: "http", Address: "a:1", Options: at(`{"version":"h4"}`)},
		"p.yaml:7: options.mode: invalid value \"bulk\": use echo":          {Protocol: "tcp", Address: "a:1", Payload: 1, Options: at(`{"mode":"bulk"}`)},
		"p.yaml:7: options.modus: unknown key":                              {Protocol: "tcp", Address: "a:1", Payload: 1, Options: at(`{"modus":"echo"}`)},
		"p.yaml:7: options.status: invalid status 99":                       {Protocol: "http", Address: "a:1", Options: at(`{"status":99}`)},
		"p.yaml:7: options.ca: open /nowhere":                               {Protocol: "http", Address: "a:1", Options: at(`{"ca":"/nowhere"}`)},
		"p.yaml:7: options.ca: holds no PEM":                                {Protocol: "http", Address: "a:1", Options: at(`{"ca":"-----BEGIN"}`)},
		"p.yaml:7: options.method: net/http: invalid":                       {Protocol: "http", Address: "a:1", Options: at(`{"method":"G T"}`)},
		"p.yaml:7: options.path: the url has a path":                        {Protocol: "http", URL: "http://a/", Options: at(`{"path":"/x"}`)},
		"p.yaml:7: options.echo: a GET without a":                           {Protocol: "http", URL: "http://a/", Options: at(`{"echo":true}`)},
		"is not HOST:PORT":                                                  {Protocol: "tcp", Address: "a", Payload: 1},
		"takes an address, not the url":                                     {Protocol: "tcp", URL: "http://a/", Payload: 1},
		"payload is 0 bytes":                                                {Protocol: "tcp", Address: "a:1"},
		"use http:// or https://":                                           {Protocol: "http", URL: "ftp://a/"},
		"in the header Authorization":                                       {Protocol: "http", URL: "http://u:secret@a/"},
		"h3 needs https://":                                                 {Protocol: "http", URL: "http://a/", Options: at(`{"version":"h3"}`)},
		"has no network \"udp\"":                                            {Protocol: "tcp", Address: "a:1", Payload: 1, Network: "udp"},
		"no dirty sessions of kind \"smelly\"":                              {Protocol: "tcp", Address: "a:1", Payload: 1, Dirty: map[string]float64{"smelly": 1}},
		"QUIC has no TCP reset":                                             {Protocol: "http", Address: "a:1", Options: at(`{"version":"h3"}`), Dirty: map[string]float64{"rst": 1}},
	} {
		_, err := protocol.Open(w)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func at(json string) soak.Options {
	return soak.Options{JSON: []byte(json), File: "p.yaml", Line: map[string]int{"": 7}}
}

// once does one operation of a load on a foreign server.
func once(t *testing.T, url, options string, payload int64) (sent, received int64, err error) {
	t.Helper()
	opener, err := protocol.Open(soak.Workload{Protocol: "http", URL: url, Payload: payload, Options: at(options)})
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	s, err := opener.Open(context.Background())
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	return s.Do(0, time.Now().Add(patience))
}

func TestHTTP_ForeignServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hello":
			fmt.Fprint(w, "hello, "+r.Host+r.Header.Get("X-Who"))
		case "/large":
			_, _ = w.Write(make([]byte, 200_000))
		case "/moved":
			http.Redirect(w, r, "/hello", http.StatusFound)
		case "/short":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(make([]byte, 50))
		case "/chunked":
			_, _ = w.Write(make([]byte, 10))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/upper":
			b, _ := io.ReadAll(r.Body)
			_, _ = w.Write(append(b, 'x'))
		case "/silent":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		path, options  string
		payload        int64
		received       int64
		kind, contains string
	}{
		{path: "/hello", options: `{"headers":{"X-Who":" you","Host":"there"}}`, received: 15},
		{path: "/hello", options: `{"method":"HEAD"}`},
		{path: "/hello", options: `{"expect_body":"hello"}`, received: -1},
		{path: "/hello", options: `{"expect_body":"goodbye"}`, kind: "mismatch", contains: "goodbye"},
		{path: "/hello", options: `{"method":"POST"}`, payload: 100_000, received: -1},
		{path: "/large", options: `{}`, received: 200_000},
		{path: "/moved", options: `{}`, kind: "status", contains: "302"},
		{path: "/moved", options: `{"status":302}`, received: -1},
		{path: "/missing", options: `{}`, kind: "status", contains: "404"},
		{path: "/hello", options: `{"status":204}`, kind: "status", contains: "200"},
		{path: "/short", options: `{}`, kind: "eof"},
		{path: "/chunked", options: `{}`, kind: "eof"},
		{path: "/upper", options: `{"method":"POST","echo":true}`, payload: 1000, kind: "mismatch", contains: "longer"},
		{path: "/hello", options: `{"method":"POST","echo":true}`, payload: 10, kind: "mismatch"},
	} {
		_, received, err := once(t, server.URL+c.path, c.options, c.payload)
		if c.kind == "" {
			if err != nil || c.received >= 0 && received != c.received {
				t.Errorf("%s %s: received %d, %v", c.path, c.options, received, err)
			}
		} else if err == nil || load.Kind(err, false) != c.kind || !strings.Contains(err.Error(), c.contains) {
			t.Errorf("%s %s: %v, want %s", c.path, c.options, err, c.kind)
		}
	}
}

func TestHTTP_UntrustedCertificate(t *testing.T) {
	for _, version := range []string{"h2", "h3"} {
		p, _ := protocol.Lookup("http")
		o := at(fmt.Sprintf(`{"version":%q}`, version))
		server := serve(t, p, protocol.ServeOptions{Options: o})
		_, _, err := once(t, "https://"+server.Addr()+"/", string(o.JSON), 0)
		if err == nil || load.Kind(err, true) != "tls" {
			t.Errorf("%s: %v (%s), want a TLS error", version, err, load.Kind(err, true))
		}
		_, _, err = once(t, "https://"+server.Addr()+"/", fmt.Sprintf(`{"version":%q,"insecure":true}`, version), 0)
		if err != nil {
			t.Errorf("%s, insecure: %v", version, err)
		}
	}
}

func TestHTTP_ServerEndsIdleConnections(t *testing.T) {
	for _, version := range []string{"h1", "h2"} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
		server.Config.IdleTimeout = 150 * time.Millisecond // long enough for a new session on a busy machine
		server.EnableHTTP2 = version == "h2"
		server.StartTLS()
		d := drive(t)
		// Each session is used twice a second, and ended in between.
		d.start(soak.Workload{Name: "x", Protocol: "http", URL: server.URL, Rate: 20, Concurrency: 10, Timeout: 2 * time.Second,
			Options: at(fmt.Sprintf(`{"version":%q,"insecure":true}`, version))})
		if got := d.operations(40); got.Failed > 0 || got.Sessions < 20 {
			t.Errorf("%s: %+v", version, got)
		}
		d.stop()
		server.Close()
	}
}
