package web

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// errNoRun is the error of a request for a run that does not exist.
var errNoRun = errors.New("no such run")

// answer writes v as JSON, or else the error: 404 for a run that does not exist,
// 500 for anything else.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case errors.Is(err, errNoRun):
		w.WriteHeader(http.StatusNotFound)
		v = failure(err)
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
		v = failure(err)
	}
	_ = json.NewEncoder(w).Encode(v) // it fails only if the browser has gone
}

func failure(err error) map[string]string { return map[string]string{"error": err.Error()} }

// zipped compresses responses for browsers that accept gzip, except the stream of
// live events.
func zipped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		live := strings.HasSuffix(r.URL.Path, "/live")
		if live || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Header.Get("Range") != "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Add("Vary", "Accept-Encoding")
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant
		}
		g := &gzipped{ResponseWriter: w, zip: z}
		next.ServeHTTP(g, r)
		if g.begun {
			_ = z.Close()
		}
	})
}

// gzipped compresses a response body.
type gzipped struct {
	http.ResponseWriter
	zip   *gzip.Writer
	begun bool // something was written
	bare  bool // the status allows no body
}

func (g *gzipped) WriteHeader(status int) {
	g.Header().Del("Content-Length")
	if status == http.StatusNotModified || status == http.StatusNoContent {
		g.Header().Del("Content-Encoding")
		g.bare = true
	}
	g.ResponseWriter.WriteHeader(status)
}

func (g *gzipped) Write(data []byte) (int, error) {
	if g.bare {
		return g.ResponseWriter.Write(data)
	}
	if !g.begun {
		g.Header().Del("Content-Length")
		g.zip.Reset(g.ResponseWriter)
		g.begun = true
	}
	return g.zip.Write(data)
}

// FlushError sends what was written so far: the rest of the page takes longer.
func (g *gzipped) FlushError() error {
	if g.begun {
		if err := g.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}
