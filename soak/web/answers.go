package web

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
)

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		v = failure(err)
	}
	_ = json.NewEncoder(w).Encode(v) // what fails is the reader's end
}

func failure(err error) map[string]string { return map[string]string{"error": err.Error()} }

// zipped compresses what is worth it, where the browser takes it.
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

// gzipped compresses a body; an answer without one stays without.
type gzipped struct {
	http.ResponseWriter
	zip   *gzip.Writer
	begun bool
	bare  bool
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

// FlushError sends what is there: a page of which the rest takes longer.
func (g *gzipped) FlushError() error {
	if g.begun {
		if err := g.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}
